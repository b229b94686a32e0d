import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePipe } from '../support/make-pipe.ts';
import { startGateway, type TestGateway } from './harness.ts';

type Diagnostic = {
  readonly agent_id: string | null;
  readonly module_path: string;
  readonly code: string;
  readonly hint: string | null;
  readonly serving_generation: number | null;
};

const saying = (text: string) => `export const agent = { run: () => ${JSON.stringify(text)} };\n`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    // What a refresh finds is to be found by the refresh.
    env: { GATEWAY_AGENT_WATCH: '0', GATEWAY_AGENTS_DIR: 'src/agents:team' },
    files: {
      'src/agents/Echo/agent.ts': saying('Hi.'),
      'src/agents/Kept/agent.ts': saying('Still here.'),
      'src/agents/Typo/Agent.ts': saying('x'),
      'src/agents/labs/Typo/agents.ts': `import { Agent } from '@openai/agents';\nexport const a = new Agent({});\n`,
      'src/agents/a/b/Deep/agent.ts': saying('x'),
      'src/agents/agent.ts': saying('x'),
      'src/agents/My Agent/agent.ts': saying('x'),
      'src/agents/_drafts/Agent.ts': saying('x'),
      'src/agents/lib/format.ts': 'export const a = 1;\n',
      'src/agents/Large/agent.ts': `${saying('x')}//${'x'.repeat(10_000_000)}\n`,
    },
  });
});
afterAll(() => gateway?.stop());

test('whatever is near an agent is told of at the start, and the good ones answer', async () => {
  expect(await errors()).toEqual([
    'agent_file_plural src/agents/labs/Typo',
    'agent_file_wrong_case src/agents/Typo',
    'agent_in_root src/agents/agent.ts',
    'agent_too_deep src/agents/a/b/Deep',
    'bad_folder_name src/agents/My Agent',
    'file_too_large src/agents/Large/agent.ts',
    'root_missing team',
  ]);
  expect(await answerOf('default/echo')).toBe('Hi.');
});

test('a refresh names them too, and what is mended is served and no longer told of', async () => {
  const { root } = gateway.project;
  await rename(join(root, 'src/agents/My Agent'), join(root, 'src/agents/My-Agent'));
  await rename(join(root, 'src/agents/Typo/Agent.ts'), join(root, 'src/agents/Typo/agent.ts'));
  await rm(join(root, 'src/agents/Large'), { recursive: true });
  await rm(join(root, 'src/agents/agent.ts'));
  await mkdir(join(root, 'team'));
  const report = await refresh();
  expect(report.loaded.toSorted()).toEqual(['default/my-agent', 'default/typo']);
  expect(report.warnings.map(({ code }) => code).sort()).toEqual([
    'agent_file_plural',
    'agent_too_deep',
  ]);
  expect(await errors()).toEqual([
    'agent_file_plural src/agents/labs/Typo',
    'agent_too_deep src/agents/a/b/Deep',
  ]);
  expect(await answerOf('default/typo')).toBe('x');
});

test('junk, links and pipes in the place of agents hurt none of the others', async () => {
  const folder = join(gateway.project.root, 'src/agents');
  for (const name of ['Junk', 'Latin', 'Pipe', 'Dangling', 'Folder']) {
    await mkdir(join(folder, name));
  }
  await writeFile(join(folder, 'Junk/agent.ts'), Buffer.from('7f454c4602010100ff00', 'hex'));
  await writeFile(join(folder, 'Latin/agent.ts'), Buffer.from('// \xfc\n', 'latin1'));
  makePipe(join(folder, 'Pipe/agent.ts'));
  await symlink('nowhere.ts', join(folder, 'Dangling/agent.ts'));
  await mkdir(join(folder, 'Folder/agent.ts'));
  await symlink('Loop', join(folder, 'Loop'));
  await refresh();
  expect(await errors()).toEqual([
    'agent_file_not_file src/agents/Folder',
    'agent_file_not_file src/agents/Pipe',
    'agent_file_plural src/agents/labs/Typo',
    'agent_too_deep src/agents/a/b/Deep',
    'broken_link src/agents/Dangling',
    'file_binary src/agents/Junk/agent.ts',
    'file_not_utf8 src/agents/Latin/agent.ts',
    'link_loop src/agents/Loop',
  ]);
  expect(await answerOf('default/echo')).toBe('Hi.');
});

test('an agent whose file becomes a pipe, and one that gets a second file, go on serving', async () => {
  const folder = join(gateway.project.root, 'src/agents');
  await rm(join(folder, 'Kept/agent.ts'));
  makePipe(join(folder, 'Kept/agent.ts'));
  await writeFile(join(folder, 'Echo/agent.js'), saying('Another.'));
  await refresh();
  const told = await errors();
  expect(told).toContain('agent_file_not_file src/agents/Kept');
  expect(told).toContain('two_agent_files src/agents/Echo');
  expect(await answerOf('default/kept')).toBe('Still here.');
  expect(await answerOf('default/echo')).toBe('Hi.');
});

async function refresh() {
  const response = await gateway.fetch('/agents/refresh', { method: 'POST' });
  return (await response.json()) as {
    loaded: string[];
    warnings: { code: string }[];
  };
}

/** `code path` of every diagnostic that is an error, in order; each has a hint. */
async function errors(): Promise<string[]> {
  const response = await gateway.fetch('/admin/agents/errors?severity=error&limit=500');
  const all = ((await response.json()) as { errors: Diagnostic[] }).errors;
  expect(all.filter(({ hint }) => !hint)).toEqual([]);
  return all.map((one) => `${one.code} ${one.module_path}`).sort();
}

async function answerOf(model: string): Promise<string | null | undefined> {
  const answer = await gateway.client().chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Hello' }],
  });
  return answer.choices[0]?.message.content;
}
