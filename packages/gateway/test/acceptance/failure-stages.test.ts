import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stages } from '../../src/protocol/diagnostics.ts';
import { call, type Diagnostic, diagnosticsOf, post } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';
import { until } from './until.ts';

const agentOf = (more: string, before = '') => `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
${before}
export const agent = new Agent({ name: 'A', instructions: 'Help.', model: 'm', ${more} });
`;

/** Modules that fail, each in a stage of its own. */
const modules = {
  'My Agent/agent.ts': 'export const agent = { run: () => "Hi." };\n',
  'Needy/agent.ts':
    "import 'package-that-nobody-wrote';\nexport const agent = { run: () => 'Hi.' };\n",
  'Needy/package.json': '{ "dependencies": { "package-that-nobody-wrote": "1.0.0" } }\n',
  'Typo/agent.ts': "export const agent = { run: () => 'Hi.' };\nconst more = {{;\n",
  'Empty/agent.ts': 'export const answer = 42;\n',
  'closed/Barred/agent.ts': "export const agent = { run: () => 'Hi.' };\n",
  'Exiter/agent.ts': `export const agent = {
  run() {
    process.exit(3);
  },
};
`,
  'Thrower/agent.ts': `export const agent = {
  run() {
    throw new TypeError('no luck');
  },
};
`,
  'Lonely/agent.ts': `export const __gateway__ = { upstream: 'away' };\n${agentOf('')}`,
  'Loser/agent.ts': agentOf(
    'tools: [lose]',
    `const lose = tool({
  name: 'lose',
  description: 'Loses.',
  parameters: z.object({}),
  errorFunction: null,
  execute: async () => {
    throw new RangeError('lost it');
  },
});`,
  ),
  'Guarded/agent.ts': agentOf(`inputGuardrails: [
    {
      name: 'broken',
      runInParallel: false,
      execute: async () => {
        throw new Error('no guard');
      },
    },
  ]`),
  'Flood/agent.ts': `import { setImmediate as nextTurn } from 'node:timers/promises';
export const agent = {
  async *run({ signal }: { signal: AbortSignal }) {
    while (!signal.aborted) {
      yield 'x'.repeat(64 * 1024);
      await nextTurn();
    }
  },
};
`,
};

/** Each holds half a MiB of its answer at least, and those of one agent 64 MiB together. */
const unreadStreams = 150;

const settingsWith = (
  parrotUrl: string,
) => `worker: { spares: 0, max_concurrent_runs: ${unreadStreams} }
upstreams:
  parrot: { base_url: "${parrotUrl}", api: responses, max_retries: 0 }
  away: { base_url: "http://127.0.0.1:9/v1", api: responses, max_retries: 0 }
security:
  namespaces:
    closed: { modules: { allow: [] } }
`;

let parrot: Parrot;
let gateway: TestGateway;

beforeAll(async () => {
  parrot = await startParrot();
  const settings = settingsWith(parrot.baseUrl);
  gateway = await startGateway({
    files: {
      ...Object.fromEntries(
        Object.entries(modules).map(([path, text]) => [`src/agents/${path}`, text]),
      ),
      'gateway.yaml': settings,
    },
  });
  await provoke(settings);
});
/** Provokes what does not fail by itself at the start. */
async function provoke(settings: string): Promise<void> {
  for (const name of ['exiter', 'thrower', 'lonely', 'guarded']) {
    await call(gateway, gateway.key, { model: `default/${name}` });
  }
  await call(gateway, gateway.key, { model: 'default/loser', content: 'call lose {}' });
  const body = JSON.stringify({
    model: 'default/flood',
    stream: true,
    messages: [{ role: 'user', content: 'Hi' }],
  });
  const unread = await Promise.all(
    Array.from({ length: unreadStreams }, () => post(gateway, gateway.key, body)),
  );
  await until('the end of what nobody reads', async () => {
    return (await diagnosticsOf(gateway, 'default/flood')).length > 0;
  });
  await Promise.all(unread.map((answer) => answer.body?.cancel()));
  await gateway.project.write({ 'gateway.yaml': `log: { level: loud }\n${settings}` });
  await gateway.fetch('/agents/refresh', { method: 'POST' });
}

afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
});

/** What each failure is told as: in the list, in the log and by the counter. */
const failures = [
  {
    stage: 'discover',
    code: 'bad_folder_name',
    agent: null,
    module: 'src/agents/My Agent',
    place: 'src/agents/My Agent/agent.ts',
    hint: 'Rename the folder, e.g. to `My-Agent`.',
  },
  {
    stage: 'dependencies',
    code: 'missing_dependency',
    agent: 'default/needy',
    module: 'src/agents/Needy/agent.ts',
    place: 'src/agents/Needy/package.json:1',
    hint: 'deps install default/needy`.',
  },
  {
    stage: 'load',
    code: 'syntax_error',
    agent: 'default/typo',
    module: 'src/agents/Typo/agent.ts',
    place: 'src/agents/Typo/agent.ts:2',
    hint: 'Fix the syntax at the marked place.',
  },
  {
    stage: 'export',
    code: 'no_agent',
    agent: 'default/empty',
    module: 'src/agents/Empty/agent.ts',
    place: 'src/agents/Empty/agent.ts',
    hint: 'Export one: `export const agent = new Agent({ name, instructions });`.',
  },
  {
    stage: 'metadata',
    code: 'bad_setting',
    agent: null,
    module: 'gateway.yaml',
    place: 'gateway.yaml:1',
    hint: 'Correct it and save.',
  },
  {
    stage: 'policy',
    code: 'load_denied',
    agent: 'closed/barred',
    module: 'src/agents/closed/Barred/agent.ts',
    place: 'src/agents/closed/Barred/agent.ts',
    hint: 'Add "src/agents/closed/Barred/agent.ts" to security.namespaces.closed.modules.allow in gateway.yaml, or only this version as "sha256:',
  },
  {
    stage: 'worker',
    code: 'worker_exited',
    agent: 'default/exiter',
    module: 'src/agents/Exiter/agent.ts',
    place: 'src/agents/Exiter/agent.ts:3',
    hint: null,
  },
  {
    stage: 'run',
    code: 'run_failed',
    agent: 'default/thrower',
    module: 'src/agents/Thrower/agent.ts',
    place: 'src/agents/Thrower/agent.ts:3',
    hint: null,
  },
  {
    stage: 'model',
    code: 'upstream_unavailable',
    agent: 'default/lonely',
    module: 'src/agents/Lonely/agent.ts',
    place: null,
    hint: 'dropgate upstreams list`: it says how each upstream is',
  },
  {
    stage: 'tool',
    code: 'tool_failed',
    agent: 'default/loser',
    module: 'src/agents/Loser/agent.ts',
    place: 'src/agents/Loser/agent.ts:9',
    hint: null,
  },
  {
    stage: 'guardrail',
    code: 'run_failed',
    agent: 'default/guarded',
    module: 'src/agents/Guarded/agent.ts',
    place: 'src/agents/Guarded/agent.ts:9',
    hint: null,
  },
  {
    stage: 'stream',
    code: 'run_failed',
    agent: 'default/flood',
    module: 'src/agents/Flood/agent.ts',
    place: null,
    hint: null,
  },
] as const;

test('each stage has a failure here', () => {
  expect(failures.map(({ stage }) => stage)).toEqual(stages);
});

test.each(failures)('a failure of the stage $stage is told of with its place', async (failure) => {
  const { stage, code, agent, module, place, hint } = failure;
  const [path, line] = place === null ? [null, null] : place.split(':');
  const told = await until(`the failure of ${stage}`, async () => {
    const response = await gateway.fetch('/admin/agents/errors?limit=100');
    const { errors } = (await response.json()) as {
      errors: readonly (Diagnostic & { readonly module_path: string })[];
    };
    return errors.find((each) => each.stage === stage && each.agent_id === agent);
  });
  expect(told).toMatchObject({
    code,
    module_path: module,
    severity: 'error',
    file: path === null || path === undefined ? null : join(gateway.project.root, path),
    line: line === null || line === undefined ? null : Number(line),
    hint: hint === null ? null : expect.stringContaining(hint),
  });
  // The log of a person has file, line and column as one word, and what to do below.
  const entry = await until('its line', () =>
    gateway
      .logs()
      .split(/\n(?=\d\d:\d\d:\d\d )/)
      .find(
        (each) =>
          each.includes(`error_stage=${stage}`) &&
          new RegExp(`code=${code}\\b`).test(each) &&
          (agent === null || each.includes(`agent_id=${agent} `)) &&
          !each.includes('access deny'),
      ),
  );
  if (place !== null) expect(entry).toContain(join(gateway.project.root, place));
  if (hint !== null) expect(entry).toMatch(/\n {4}→ /);
  if (hint !== null) expect(entry).toContain(hint);
  const metrics = await (await gateway.fetch('/metrics')).text();
  const labels = `stage="${stage}",code="${code}",agent="${agent ?? 'none'}"`;
  expect(metrics).toContain(`dropgate_failures_total{${labels}} `);
});
