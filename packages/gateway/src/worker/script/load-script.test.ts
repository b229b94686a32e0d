import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import { startNodeWorker, writeModule } from '../../../test/support/node-worker.ts';
import { createLoadPatience } from './stuck-import.ts';

const { findingOf, manifestOf } = useLoadHost();

const head = `import { Agent, run, Runner } from '@openai/agents';
import OpenAI from 'openai';
void [Agent, run, Runner, OpenAI];
`;
const desk = "new Agent({ name: 'Desk', instructions: 'x' })";

type Case = readonly [what: string, text: string, exportName: string, lines: readonly number[]];

const served: readonly Case[] = [
  [
    'awaits a run at its top level, and uses its result',
    `const agent = ${desk};\nconst result = await run(agent, 'hi');\nconsole.log(result.finalOutput);`,
    'agent',
    [5],
  ],
  [
    'exports its agent below that',
    `const one = ${desk};\nconst two = ${desk};\nawait new Runner().run(one, 'hi');\nexport default two;`,
    'default',
    [6],
  ],
  [
    'awaits its main(), which runs one agent after the other',
    `const agent = ${desk};\nasync function main() {\n  const result = await run(agent, 'hi');\n  await run(agent, result.finalOutput ?? '');\n}\nawait main();\nconst result = 1;\nconsole.log(result);`,
    'agent',
    [6],
  ],
  [
    'wraps what its main() fails of',
    `export const agent = ${desk};\nconst main = async () => {\n  try {\n    await run(agent, 'hi', { stream: true });\n  } catch (error) {\n    throw new Error('No answer: ' + error);\n  }\n};\nawait main();`,
    'agent',
    [7],
  ],
  [
    'catches the refusal itself',
    `export const agent = ${desk};\nawait run(agent, 'hi').catch(() => {});\nexport const more = 1;`,
    'agent',
    [5],
  ],
  [
    'asks a model without the SDK',
    `export const agent = ${desk};\nconst client = new OpenAI();\nawait client.responses.create({ model: 'x', input: 'hi' });`,
    'agent',
    [6],
  ],
];

describe('a file that asks a model while it is loaded is served, and warned of its lines, where it', () => {
  test.each(served)('%s', async (_what, text, exportName, lines) => {
    const load = await writeModule({ 'agent.ts': `${head}${text}\n` });
    const { exportName: picked, warnings } = await manifestOf(load);
    expect(picked).toBe(exportName);
    const calls = warnings.filter(({ code }) => code === 'call_at_load');
    expect(calls.map(({ line }) => line)).toEqual(lines);
    expect(calls[0]).toMatchObject({
      severity: 'warning',
      message: `agent.ts asks a model while it is loaded (line ${lines[0]}), which is refused: it would cost at each save.`,
      hint: "Put it under `if (process.argv[1] === import.meta.filename) { … }`, or permit it: `export const __gateway__ = { calls_at_load: 'allow' };`.",
    });
  });
});

test.each([
  [
    'is made of the answer',
    `const answer = await run(${desk}, 'hi');\nexport const agent = ${desk};\nvoid answer;`,
  ],
  [
    'has its settings below',
    `export const agent = ${desk};\nawait run(agent, 'hi');\nexport const __gateway__ = { max_turns: 2 };`,
  ],
  [
    'uses what is made below',
    `export const agent = new Agent({ name: 'A', instructions: () => text });\nawait run(agent, 'hi');\nconst text = 'x';`,
  ],
])(
  'a file that asks a model while it is loaded is refused where its agent %s',
  async (_what, text) => {
    const load = await writeModule({ 'agent.ts': `${head}${text}\n` });
    expect(await findingOf(load)).toMatchObject({ code: 'call_at_load', severity: 'error' });
  },
);

test('a factory that fails is told as such, whatever the file was refused', async () => {
  const text = `${head}async function main() {
  await run(${desk}, 'hi');
}
main().catch(() => {});
export const buildAgent = () => {
  throw new Error('no browser');
};
`;
  expect(await findingOf(await writeModule({ 'agent.ts': text }))).toMatchObject({
    code: 'import_failed',
    line: 9,
  });
});

test('a port that a file opens while it is loaded is told with its line, one that is any free port is not', async () => {
  const text = `import { createServer } from 'node:http';
const server = createServer();
const other = createServer();
server.on('error', () => {});
server.listen({
  port: 1,
  host: '192.0.2.1',
});
other.listen(0, '127.0.0.1').unref();
export const agent = { run: () => 'Served.' };
`;
  const { warnings } = await manifestOf(await writeModule({ 'agent.ts': text }));
  expect(warnings).toMatchObject([
    {
      stage: 'load',
      code: 'port_opened',
      severity: 'warning',
      line: 5,
      message:
        'agent.ts listens on port 1 while it is loaded (line 5): no caller of the agent needs that, and the next version cannot listen there while this one runs.',
      hint: 'Put it under `if (process.argv[1] === import.meta.filename) { … }`.',
    },
  ]);
});

test('calls at load are made where the file permits them', async () => {
  const text = `${head}export const __gateway__ = { calls_at_load: 'allow' };
export const agent = ${desk};
const client = new OpenAI({ maxRetries: 0, baseURL: 'http://127.0.0.1:9/v1', apiKey: 'x' });
const error = await client.responses.create({ model: 'x', input: 'hi' }).catch((error) => error.name);
if (error !== 'Error') throw new Error(error);
`;
  const { warnings } = await manifestOf(await writeModule({ 'agent.ts': text }));
  expect(warnings).toEqual([]);
});

test('what a main() beside the agent fails of before the load is over is told once, and the agent is served', async () => {
  const load = await writeModule({
    'agent.ts': `const agent = { run: () => 'Served.' };
async function main() {
  await null;
  throw new Error('no terminal');
}
main().catch((error) => {
  console.error(String(error));
  process.exit(3);
});
void main();
export default agent;
`,
  });
  const worker = await startNodeWorker(load.folder);
  const loaded = await worker.load(load);
  expect(loaded).toMatchObject({ type: 'loaded', manifest: { exportName: 'default' } });
  expect(loaded.type === 'loaded' && loaded.manifest.warnings).toMatchObject([
    {
      stage: 'load',
      code: 'script_failed',
      severity: 'warning',
      message:
        'agent.ts failed on its own while it was loaded (line 8: it ended itself with exit code 3); the agent is served all the same.',
      line: 8,
    },
  ]);
  worker.run('hi');
  expect(await worker.next('event')).toMatchObject({ event: { type: 'text', delta: 'Served.' } });
});

describe('a file that goes on and on while it is loaded', () => {
  const reads = `import { createInterface } from 'node:readline/promises';
const input = createInterface({ input: process.stdin });
async function main() {
  for (;;) await run(agent, await input.question('You: '));
}
`;

  test('is served without what it waits for, where that can never come and its agent is there', async () => {
    const text = `${head}${reads}const agent = ${desk};\nawait main();\n`;
    const load = await writeModule({ 'agent.ts': text });
    const worker = await startNodeWorker(load.folder);
    const loaded = await worker.load(load);
    expect(loaded.type === 'loaded' && loaded.manifest).toMatchObject({
      exportName: 'agent',
      warnings: [
        { code: 'agent_chosen' },
        {
          code: 'script_waits',
          severity: 'warning',
          line: 10,
          message: 'agent.ts waits in line 10 (`await main();`); the agent is served all the same.',
          hint: 'Nobody types anything there: a request brings what the user says. Put it under `if (process.argv[1] === import.meta.filename) { … }`.',
        },
      ],
    });
  });

  test('is told the line where it waits, where it has no agent', async () => {
    const load = await writeModule({ 'agent.ts': `${head}\nawait new Promise(() => {});\n` });
    const worker = await startNodeWorker(load.folder);
    expect(await worker.load(load)).toMatchObject({
      findings: [
        {
          code: 'load_timeout',
          line: 5,
          message: 'src/agents/Written/agent.ts waits for something that never comes.',
          hint: 'Put what it waits for into a function that runs later; raise worker.load_timeout_ms if it needs the time.',
        },
      ],
    });
  });

  test('is stopped when its time is over', async () => {
    const patience = createLoadPatience({ timeoutMs: 1 });
    await expect(patience.hangs).rejects.toMatchObject({ timeoutMs: 1 });
    await expect(createLoadPatience({}).untilStuck(Promise.resolve(1), () => true)).resolves.toBe(
      1,
    );
  });
});

test('a main() whose first call comes after the load is refused it, whatever else asks is not', async () => {
  const text = `import { Agent, run } from '@openai/agents';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
const getResponse = async () => { throw new RangeError(); };
const desk = new Agent({ name: 'Desk', model: { getResponse } as never });
const called = Promise.withResolvers();
export const agent = { run: () => called.resolve() ?? 'Served.' };
async function main() {
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    response.end(await run(desk, 'web').catch(({ name }) => name));
  }).listen(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), called.promise]);
  const answer = await fetch('http://127.0.0.1:' + server.address().port);
  const told = [await answer.text(), await run(desk, 'late').catch(({ name }) => name)];
  writeFileSync('told', told.join());
}
main();
`;
  const load = await writeModule({ 'agent.ts': text });
  const worker = await startNodeWorker(load.folder);
  expect((await worker.load(load)).type).toBe('loaded');
  worker.run('hi');
  const told = () => readFile(join(load.folder, 'told'), 'utf8').catch(() => '');
  await expect.poll(told).toBe('RangeError,RefusedAtLoad');
  worker.send({ type: 'shutdown' });
  expect((await worker.ended).output).toContain(
    'agent.ts asks a model after it was loaded (line 16), which is refused',
  );
});
