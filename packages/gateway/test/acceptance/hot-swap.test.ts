import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { diagnosticsOf } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { answerOf, at, saying, statusOf, untilSays, untilStatus } from './reloading.ts';
import { until } from './until.ts';

let gateway: TestGateway;
beforeAll(async () => {
  // A load that is stuck is to be given up for a save, not for its time.
  const settings = `worker: { spares: 0, load_timeout_ms: ${hangTimeoutMs} }\n`;
  gateway = await startGateway({
    files: { [at('Saved')]: saying('One.'), 'gateway.yaml': settings },
  });
});
afterAll(() => gateway?.stop());

const write = (files: Readonly<Record<string, string>>) => gateway.project.write(files);
const path = (below: string) => join(gateway.project.root, below);
const says = (name: string, text: string) => untilSays(gateway, name, text);

let fences = 0;
/** Returns when every change made before has been looked at: batches keep their order. */
async function settled(): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    const name = `Fence${++fences}`;
    // A misnamed file is told of by the look itself; an agent would cost a worker.
    await write({ [`src/agents/${name}/Agent.ts`]: saying('x') });
    await until(`${name} to be told of`, async () => {
      const found = await diagnosticsOf(gateway, `default/${name.toLowerCase()}`);
      return found.length > 0;
    });
  }
}

describe('a save', () => {
  test('that changes nothing loads nothing', async () => {
    await write({ [at('Saved')]: saying('One.') });
    await settled();
    expect(await statusOf(gateway, 'Saved')).toMatchObject({ status: 'ready', generation: 1 });
  });

  test('answers anew, once, without a refresh', async () => {
    await write({ [at('Saved')]: saying('Two.') });
    await says('Saved', 'Two.');
    await settled();
    expect(await statusOf(gateway, 'Saved')).toMatchObject({ status: 'ready', generation: 2 });
  });

  test('by renaming a new file over the old one answers anew', async () => {
    for (const text of ['Three.', 'Four.']) {
      await write({ 'src/agents/Saved/.agent.ts.new': saying(text) });
      await rename(path('src/agents/Saved/.agent.ts.new'), path(at('Saved')));
      await says('Saved', text);
    }
  });

  test('in place answers anew', async () => {
    await writeFile(path(at('Saved')), saying('Four and a half.'));
    await says('Saved', 'Four and a half.');
  });

  test('by deleting and writing anew never leaves the agent missing', async () => {
    let before = 'Four and a half.';
    // An editor does both in a moment. Where this machine was held up in between, it proves nothing and is done again.
    for (let wasHeldUp = true; wasHeldUp; ) {
      const text = `Five, after ${before}`;
      const beganMs = performance.now();
      rmSync(path(at('Saved')));
      writeFileSync(path(at('Saved')), saying(text));
      wasHeldUp = performance.now() - beganMs > 50;
      const seen = new Set<string>();
      await until('the next version', async () => {
        seen.add(await answerOf(gateway, 'Saved'));
        return seen.has(text);
      });
      if (!wasHeldUp)
        expect([...seen].filter((each) => ![before, text].includes(each))).toEqual([]);
      before = text;
    }
  });
});

test('a checkout brings all that it changes, adds and removes', async () => {
  const count = 40;
  const parts = (text: string) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, part) => [
        `src/agents/Many/part${part}.ts`,
        `export const text = '${text}';\n`,
      ]),
    );
  const all = Array.from({ length: count }, (_, part) => part);
  const source = `${all.map((part) => `import { text as text${part} } from './part${part}.ts';\n`).join('')}
export const agent = { run: () => [...new Set([${all.map((part) => `text${part}`).join()}])].join() };
`;
  const git = (...args: string[]) => {
    const settings = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false'];
    execFileSync('git', [...settings, ...args], { cwd: path('src/agents'), stdio: 'pipe' });
  };
  await write({ [at('Many')]: source, [at('Before')]: saying('Here.'), ...parts('One.') });
  await says('Many', 'One.');
  await says('Before', 'Here.');
  git('init', '-q', '-b', 'one');
  git('add', 'Many', 'Before');
  git('commit', '-q', '-m', 'one');
  git('checkout', '-q', '-b', 'two');
  await write({ [at('After')]: saying('Here too.'), ...parts('Two.') });
  await rm(path('src/agents/Before'), { recursive: true });
  git('add', '-A', 'Many', 'Before', 'After');
  git('commit', '-q', '-m', 'two');
  await says('Many', 'Two.');
  await says('After', 'Here too.');
  git('checkout', '-q', 'one');
  await says('Many', 'One.');
  await says('Before', 'Here.');
  expect(await answerOf(gateway, 'After')).toBe('model_not_found');
});

describe('what a module is made of reloads it:', () => {
  const text = (word: string) => `export const text = '${word}';\n`;
  const source = (description: string) => `import { readFileSync } from 'node:fs';
import { text as top } from '../../../text.ts';
import { text as shared } from '../../lib/text.ts';
import { text as hidden } from '../_lib/text.ts';
import { text as own } from './lib/text.ts';
const prompt = readFileSync(new URL('prompt.md', import.meta.url), 'utf8');
export const __gateway__ = { watch: ['prompt.md'], description: '${description}' };
export const agent = { run: () => [own, hidden, shared, top, prompt, process.env.WORD].join(' ') };
`;
  const folder = 'src/agents/Made';

  beforeAll(async () => {
    await write({
      'text.ts': text('a'),
      'src/lib/text.ts': text('a'),
      'src/agents/_lib/text.ts': text('a'),
      [`${folder}/lib/text.ts`]: text('a'),
      [`${folder}/prompt.md`]: 'a',
    });
    await write({ [at('Made')]: source('First.') });
    await says('Made', 'a a a a a ');
  });

  test.each([
    ['a helper in its folder', `${folder}/lib/text.ts`, text('b'), 'b a a a a '],
    ['one in a folder that is not walked', 'src/agents/_lib/text.ts', text('b'), 'b b a a a '],
    ['one outside of the roots', 'src/lib/text.ts', text('b'), 'b b b a a '],
    ['one in the project root', 'text.ts', text('b'), 'b b b b a '],
    ['a file it only reads, once it is named', `${folder}/prompt.md`, 'b', 'b b b b b '],
    ['a .env that comes', `${folder}/.env`, 'WORD=a\n', 'b b b b b a'],
    ['a .env that changes', `${folder}/.env`, 'WORD=b\n', 'b b b b b b'],
  ])('%s', async (_what, file, content, answer) => {
    await write({ [file]: content });
    await says('Made', answer);
  });

  test('a .env that goes', async () => {
    await rm(path(`${folder}/.env`));
    await says('Made', 'b b b b b ');
  });

  test('what it says about itself', async () => {
    await write({ [at('Made')]: source('Second.') });
    await until('the new description', async () => {
      return (await statusOf(gateway, 'Made'))?.description === 'Second.';
    });
  });

  test('its package.json, and what it says is missing', async () => {
    const manifest = `${folder}/package.json`;
    const generation = (await statusOf(gateway, 'Made'))?.generation ?? null;
    await write({
      [manifest]: '{ "dependencies": { "dropgate-test-no-such-package": "^1.0.0" } }',
    });
    const { diagnostics } = await untilStatus(gateway, 'Made', 'degraded');
    expect(diagnostics[0]).toMatchObject({ stage: 'dependencies', serving_generation: generation });
    expect(diagnostics[0]?.message).toContain('dropgate-test-no-such-package');
    expect(await answerOf(gateway, 'Made')).toBe('b b b b b ');
    await write({ [manifest]: '{ "name": "made" }' });
    expect((await untilStatus(gateway, 'Made', 'ready')).diagnostics).toEqual([]);
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
  expect(await statusOf(gateway, 'Writing')).toMatchObject({ status: 'ready', generation: 1 });
});

test('an edit goes live while another agent is stuck in its load', async () => {
  await write({ [at('Stuck')]: `await new Promise(() => setInterval(() => {}, 1000));\n` });
  await untilStatus(gateway, 'Stuck', 'loading');
  await write({ [at('Saved')]: saying('Six.') });
  await says('Saved', 'Six.');
  expect((await statusOf(gateway, 'Stuck'))?.status).toBe('loading');
  await write({ [at('Stuck')]: saying('Free.') });
  await says('Stuck', 'Free.');
  // The load that was stuck was given up by the save, not waited for.
  expect(gateway.logs()).not.toContain('load_timeout');
});

test('a folder, and a file of it, may go while the agent loads and come back', async () => {
  const source = `import { existsSync } from 'node:fs';
while (!existsSync('../../../go.txt')) await new Promise((resolve) => setTimeout(resolve, 10));
const { text } = await import('./late.ts');
export const agent = { run: () => text };
`;
  const late = 'src/agents/Slow/late.ts';
  const files = { [late]: `export const text = 'At last.';\n`, [at('Slow')]: source };
  await write(files);
  await untilStatus(gateway, 'Slow', 'loading');
  await rm(path('src/agents/Slow'), { recursive: true });
  await says('Slow', 'model_not_found');
  expect(await statusOf(gateway, 'Slow')).toBeUndefined();

  await write(files);
  await untilStatus(gateway, 'Slow', 'loading');
  await rm(path(late));
  await write({ 'go.txt': '' });
  const { diagnostics } = await untilStatus(gateway, 'Slow', 'failed');
  expect(diagnostics).toMatchObject([{ code: 'missing_file', line: 3 }]);
  await write({ [late]: `export const text = 'At last.';\n` });
  await says('Slow', 'At last.');
});
