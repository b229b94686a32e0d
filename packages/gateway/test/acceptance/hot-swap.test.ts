import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './harness.ts';
import { answerOf, at, saying, statusOf, untilSays, untilStatus } from './reloading.ts';
import { until } from './until.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ files: { [at('Fence')]: saying('0') } });
});
afterAll(() => gateway?.stop());

const write = (files: Readonly<Record<string, string>>) => gateway.project.write(files);
const path = (below: string) => join(gateway.project.root, below);
const says = (name: string, text: string) => untilSays(gateway, name, text);
const generationOf = async (name: string) => (await statusOf(gateway, name))?.generation;

let fences = 0;
/** Returns when every change made before has been dealt with: batches keep their order. */
async function settled(): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    const text = String(++fences);
    await write({ [at('Fence')]: saying(text) });
    await says('Fence', text);
  }
}

describe('a save', () => {
  test('answers anew, once, without a refresh', async () => {
    await write({ [at('Saved')]: saying('One.') });
    await says('Saved', 'One.');
    await write({ [at('Saved')]: saying('Two.') });
    await says('Saved', 'Two.');
    await settled();
    expect(await generationOf('Saved')).toBe(2);
  });

  test('by renaming a new file over the old one answers anew', async () => {
    await write({ [at('Renaming')]: saying('One.') });
    await says('Renaming', 'One.');
    for (const text of ['Two.', 'Three.']) {
      await write({ 'src/agents/Renaming/.agent.ts.new': saying(text) });
      await rename(path('src/agents/Renaming/.agent.ts.new'), path(at('Renaming')));
      await says('Renaming', text);
    }
  });

  test('by deleting and writing anew never leaves the agent missing', async () => {
    await write({ [at('Deleting')]: saying('One.') });
    await says('Deleting', 'One.');
    await rm(path(at('Deleting')));
    await write({ [at('Deleting')]: saying('Two.') });
    const seen = new Set<string>();
    await until('the second version', async () => {
      seen.add(await answerOf(gateway, 'Deleting'));
      return seen.has('Two.');
    });
    expect([...seen].filter((text) => !['One.', 'Two.'].includes(text))).toEqual([]);
  });

  test('that changes nothing loads nothing', async () => {
    await write({ [at('Touched')]: saying('Same.') });
    await says('Touched', 'Same.');
    await write({ [at('Touched')]: saying('Same.') });
    await settled();
    expect(await generationOf('Touched')).toBe(1);
  });

  test('of many files at once brings all of them', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `Many${index}`);
    for (const text of ['One.', 'Two.']) {
      await write(Object.fromEntries(names.map((name) => [at(name), saying(text)])));
      await Promise.all(names.map((name) => says(name, text)));
    }
    await Promise.all(
      names.map((name) => rm(path(`src/agents/${name}`), { recursive: true, force: true })),
    );
    await until('all to be gone', async () => !(await statusOf(gateway, 'Many11')));
  });
});

describe('what a module is made of reloads it:', () => {
  const importing = (specifier: string) =>
    `import { text } from '${specifier}';\nexport const agent = { run: () => text };\n`;

  test('a helper in its folder', async () => {
    const helper = 'src/agents/Inside/lib/text.ts';
    await write({ [helper]: `export const text = 'One.';\n` });
    await write({ [at('Inside')]: importing('./lib/text.ts') });
    await says('Inside', 'One.');
    await write({ [helper]: `export const text = 'Two.';\n` });
    await says('Inside', 'Two.');
  });

  test.each(['src/shared/text.ts', 'src/agents/_lib/text.ts', 'text.ts'])(
    'a helper elsewhere, %s',
    async (helper) => {
      const name = `Outside${helper.length}`;
      const up = helper.startsWith('src/agents/') ? '..' : '../../..';
      const specifier = `${up}/${helper.replace('src/agents/', '')}`;
      await write({ [helper]: `export const text = 'One.';\n`, [at(name)]: importing(specifier) });
      await says(name, 'One.');
      await write({ [helper]: `export const text = 'Two.';\n` });
      await says(name, 'Two.');
    },
  );

  test('its .env, when it changes, comes and goes', async () => {
    const source = `export const agent = { run: () => process.env.GREETING ?? 'none' };\n`;
    await write({ [at('Env')]: source });
    await says('Env', 'none');
    await write({ 'src/agents/Env/.env': 'GREETING=Hello.\n' });
    await says('Env', 'Hello.');
    await write({ 'src/agents/Env/.env': 'GREETING=Good day.\n' });
    await says('Env', 'Good day.');
    await rm(path('src/agents/Env/.env'));
    await says('Env', 'none');
  });

  test('its package.json, and what it says is missing', async () => {
    const manifest = 'src/agents/Declaring/package.json';
    const source = saying('Still here.');
    await write({ [at('Declaring')]: source, [manifest]: '{ "name": "declaring" }' });
    await says('Declaring', 'Still here.');
    await write({
      [manifest]: '{ "dependencies": { "dropgate-test-no-such-package": "^1.0.0" } }',
    });
    const { diagnostics } = await untilStatus(gateway, 'Declaring', 'degraded');
    expect(diagnostics[0]).toMatchObject({ stage: 'dependencies', serving_generation: 1 });
    expect(diagnostics[0]?.message).toContain('dropgate-test-no-such-package');
    expect(await answerOf(gateway, 'Declaring')).toBe('Still here.');
    await write({ [manifest]: '{ "name": "declaring" }' });
    expect((await untilStatus(gateway, 'Declaring', 'ready')).diagnostics).toEqual([]);
  });

  test('what it says about itself', async () => {
    const about = (description: string) =>
      `export const __gateway__ = { description: '${description}' };\n${saying('Hi.')}`;
    await write({ [at('About')]: about('First.') });
    await says('About', 'Hi.');
    await write({ [at('About')]: about('Second.') });
    await until('the new description', async () => {
      return (await statusOf(gateway, 'About'))?.description === 'Second.';
    });
  });

  test('a file it only reads, once it is named', async () => {
    const source = `import { readFileSync } from 'node:fs';
const text = readFileSync(new URL('prompt.md', import.meta.url), 'utf8');
export const __gateway__ = { watch: ['prompt.md'] };
export const agent = { run: () => text };
`;
    await write({ 'src/agents/Reading/prompt.md': 'One.', [at('Reading')]: source });
    await says('Reading', 'One.');
    await write({ 'src/agents/Reading/prompt.md': 'Two.' });
    await says('Reading', 'Two.');
  });
});

describe('a folder', () => {
  test('that is new, renamed and deleted is served, moved and gone', async () => {
    await write({ [at('Came')]: saying('Here.') });
    await says('Came', 'Here.');
    await rename(path('src/agents/Came'), path('src/agents/Moved'));
    await says('Moved', 'Here.');
    expect(await answerOf(gateway, 'Came')).toBe('model_not_found');
    await rm(path('src/agents/Moved'), { recursive: true });
    await says('Moved', 'model_not_found');
  });

  test('that is moved in from elsewhere is served', async () => {
    await mkdir(path('drafts/Drafted'), { recursive: true });
    await writeFile(path('drafts/Drafted/agent.ts'), saying('Ready.'));
    await rename(path('drafts/Drafted'), path('src/agents/Drafted'));
    await says('Drafted', 'Ready.');
    await write({ [at('Drafted')]: saying('Readier.') });
    await says('Drafted', 'Readier.');
  });

  test('of a namespace is served with all in it, and goes with all in it', async () => {
    await write({
      'src/agents/lab/One/agent.ts': saying('1.'),
      'src/agents/lab/Two/agent.ts': saying('2.'),
    });
    await says('lab/One', '1.');
    await says('lab/Two', '2.');
    await rm(path('src/agents/lab'), { recursive: true });
    await says('lab/One', 'model_not_found');
    await says('lab/Two', 'model_not_found');
  });
});

test('an agent that writes into its own folder does not reload itself', async () => {
  const source = `import { writeFileSync } from 'node:fs';
let calls = 0;
const file = (name) => new URL(name, import.meta.url);
export const agent = {
  run() {
    calls += 1;
    for (const name of ['notes.txt', 'memory.json', 'made.ts']) writeFileSync(file(name), String(calls));
    return 'Call ' + calls;
  },
};
`;
  await write({ [at('Writing')]: source });
  await says('Writing', 'Call 1');
  await settled();
  expect(await answerOf(gateway, 'Writing')).toBe('Call 2');
  await settled();
  expect(await answerOf(gateway, 'Writing')).toBe('Call 3');
  expect(await generationOf('Writing')).toBe(1);
});

test('an edit goes live while another agent is stuck in its load', async () => {
  await write({ [at('Patient')]: saying('One.') });
  await says('Patient', 'One.');
  await write({ [at('Stuck')]: `await new Promise(() => setInterval(() => {}, 1000));\n` });
  await untilStatus(gateway, 'Stuck', 'loading');
  await write({ [at('Patient')]: saying('Two.') });
  await says('Patient', 'Two.');
  expect((await statusOf(gateway, 'Stuck'))?.status).toBe('loading');
  await write({ [at('Stuck')]: saying('Free.') });
  await says('Stuck', 'Free.');
  // The load that was stuck was given up by the save, not waited for.
  expect(gateway.logs()).not.toContain('load_timeout');
});
