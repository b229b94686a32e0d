import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  call,
  diagnosticsOf,
  expectEchoAnswers,
  expectNoInsides,
  logOf,
  untilAnswered,
} from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { processesIn } from './processes.ts';
import { until } from './until.ts';
import { startUpstream, type TestUpstream } from './upstream.ts';

let gateway: TestGateway;
let upstream: TestUpstream;
let callerKey: string;

/** A plain agent that says a word and then, where it is to act, does something at line 6 of its file. */
const after = (deed: string, imports = '') => `${imports}
export const agent = {
  async *run({ messages }) {
    yield 'Begun';
    if (messages.at(-1).content !== 'Act') return;
    ${deed}
  },
};
let acting = 0;
`;

/** Waits until two runs are here, so that what is done to the process is done to both. */
const toBoth = (deed: string) =>
  `acting += 1; while (acting < 2) await new Promise((resolve) => setTimeout(resolve, 5)); ${deed}`;

/** Blocks the process for a moment, and costs a busy machine nothing. */
const asleep = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)';

/** An SDK agent with one tool, which does something at line 8 of its file. */
const withTool = (deed: string, options = '') => `import { Agent, tool } from '@openai/agents';
import { spawn } from 'node:child_process';
import { z } from 'zod';
const act = tool({
  name: 'act', description: 'Acts.', parameters: z.object({}), ${options}
  async execute() {
    await null;
    ${deed}
  },
});
let acting = 0;
export const agent = new Agent({ name: 'Actor', model: 'gpt-5', tools: [act] });
`;

/** Writes past the protocol to the gateway; the pipe takes only so much at a time. */
const writeAll = (text: string) =>
  `const bytes = Buffer.from(${text}); let at = 0; while (at < bytes.length) try { at += fs.writeSync(3, bytes, at); } catch {}`;
const fs = "import fs from 'node:fs';";

const deadly = [
  {
    name: 'ToolLoops',
    what: 'whose tool loops for ever',
    text: withTool(toBoth(`for (;;) ${asleep};`)),
    code: 'worker_stalled',
  },
  {
    name: 'ToolExits',
    what: 'whose tool starts a process and exits its own',
    text: withTool(toBoth("spawn('sleep', ['600'], { stdio: 'ignore' }); process.exit(3);")),
    code: 'worker_exited',
    line: 8,
  },
  {
    name: 'Rejects',
    what: 'that leaves a rejection unhandled',
    text: after(toBoth("Promise.reject(new Error('hunter2')); await new Promise(() => {});")),
    code: 'worker_crashed',
    line: 6,
  },
  {
    name: 'ThrowsLate',
    what: 'that throws where nobody can catch it',
    text: after(
      toBoth("setTimeout(() => { throw new Error('hunter2'); }, 1); await new Promise(() => {});"),
    ),
    code: 'worker_crashed',
    line: 6,
  },
  {
    name: 'Hoards',
    what: 'that takes memory without end',
    text: after(
      toBoth(
        'for (const all = []; ; all.push(Buffer.alloc(16 << 20, 1))) await new Promise((resolve) => setTimeout(resolve, 10));',
      ),
    ),
    code: 'worker_memory',
  },
  {
    name: 'Babbles',
    what: 'that writes garbage into the channel',
    text: after(toBoth(`${writeAll("'hunter2\\n'")} await new Promise(() => {});`), fs),
    code: 'worker_protocol',
  },
  {
    name: 'Forges',
    what: 'that sends what the protocol does not know',
    text: after(
      toBoth(
        `${writeAll('\'{"type":"event","runId":1,"event":"hunter2"}\\n\'')} await new Promise(() => {});`,
      ),
      fs,
    ),
    code: 'worker_protocol',
  },
  {
    name: 'Overflows',
    what: 'that sends a line over the limit',
    text: after(toBoth(`${writeAll("'x'.repeat(9 << 20)")} await new Promise(() => {});`), fs),
    code: 'worker_protocol',
  },
];

/** Tells its pid, and goes on when there is a file. */
const mortal = `import { existsSync } from 'node:fs';
export const agent = {
  async *run() {
    yield \`pid \${process.pid}\`;
    while (!existsSync('../../../go.txt')) await new Promise((resolve) => setTimeout(resolve, 10));
    yield ', and well.';
  },
};
`;

/** With a turn for others after each megabyte: how long it takes is the reader's doing, and nothing is blocked by it. */
const print = (stream: string, megabyte: string) =>
  `const megabyte = ${megabyte}; for (let part = 0; part < 100; part += 1) await new Promise((resolve) => process.${stream}.write(megabyte, () => setImmediate(resolve)));`;

const printers = [
  {
    name: 'Prints',
    what: 'lines',
    deed: print('stdout', '("x".repeat(1023) + "\\n").repeat(1024)'),
    mark: 'lines dropped',
  },
  {
    name: 'PrintsOneLine',
    what: 'one line',
    deed: print('stderr', '"x".repeat(1 << 20)'),
    mark: 'line cut',
  },
];

beforeAll(async () => {
  upstream = await startUpstream();
  upstream.mock.on(
    { userMessage: 'Act', hasToolResult: false },
    { toolCalls: [{ name: 'act', arguments: '{}' }] },
  );
  upstream.mock.on({ userMessage: 'Act', hasToolResult: true }, { content: 'It failed.' });
  upstream.mock.onMessage('Begin', { content: 'Begun' });
  const printing = printers.map(({ name, deed }) => [
    name,
    `export const agent = { async run() { ${deed} await new Promise((resolve) => process.stderr.write('\\n', resolve)); return 'Printed.'; } };\n`,
  ]);
  const modules = [
    ...deadly.map(({ name, text }) => [name, text]),
    ...printing,
    ['ToolThrows', withTool("throw new RangeError('hunter2');")],
    ['ToolFails', withTool("throw new RangeError('hunter2');", 'errorFunction: null,')],
    ['Mortal', mortal],
    ['Throws', after("throw new RangeError('hunter2');")],
  ];
  const files = modules.map(([name, text]) => [`src/agents/${name}/agent.ts`, text]);
  gateway = await startGateway({
    agents: ['Echo'],
    files: {
      ...Object.fromEntries(files),
      'gateway.yaml': 'worker:\n  spares: 0\n  stall_timeout_ms: 3000\n  memory_limit_mb: 512\n',
    },
    env: { OPENAI_API_KEY: 'sk-real', OPENAI_BASE_URL: upstream.baseUrl },
  });
  callerKey = await gateway.createCallerKey();
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

const idOf = (name: string) => `default/${name.toLowerCase()}`;
const fileOf = (name: string) => join(gateway.project.root, `src/agents/${name}/agent.ts`);
const ask = (name: string) => call(gateway, callerKey, { model: idOf(name), content: 'Act' });
const stream = (name: string) =>
  call(gateway, callerKey, { model: idOf(name), content: 'Act', stream: true });

describe.each(deadly)('an agent $what', ({ name, code, line }) => {
  test('fails its runs alone, is told of, and runs anew', async () => {
    const [streamed, whole] = await Promise.all([
      stream(name),
      ask(name),
      expectEchoAnswers(gateway),
    ]);
    expect([streamed.status, streamed.error?.code]).toEqual([200, 'agent_error']);
    expect(streamed.text).toMatch(/\n\ndata: \[DONE\]\n\n$/);
    expect([whole.status, whole.error?.code]).toEqual([500, 'agent_error']);
    expect(whole.headers.get('x-should-retry')).toBe('false');
    expectNoInsides(streamed.text + whole.text);

    const found = await until('its diagnostic', async () =>
      (await diagnosticsOf(gateway, idOf(name))).find((one) => one.code === code),
    );
    const entry = logOf(gateway, idOf(name)).find((one) => one.includes('worker ended: '));
    expect(entry).toContain(code.replace('worker_', 'worker ended: '));
    if (line !== undefined) {
      expect(found).toMatchObject({ file: fileOf(name), line });
      expect(entry).toContain(`file=${fileOf(name)}:${line}`);
    }

    // Nothing of it is left, so that the next run has a process of its own.
    expect(await untilAnswered(gateway, { model: idOf(name), content: 'Begin' })).toBe('Begun');
  });
});

test('an agent that throws fails with the cause and its line in the log', async () => {
  const whole = await ask('Throws');
  expect([whole.status, whole.error?.code]).toEqual([500, 'agent_error']);
  const streamed = await stream('Throws');
  expect([streamed.content, streamed.error?.code]).toEqual(['Begun', 'agent_error']);
  expect(streamed.text).toMatch(/\n\ndata: \[DONE\]\n\n$/);
  expectNoInsides(whole.text + streamed.text);
  const [found] = await diagnosticsOf(gateway, 'default/throws');
  expect(found).toMatchObject({
    code: 'run_failed',
    message: 'RangeError: hunter2',
    file: fileOf('Throws'),
    line: 6,
  });
  const entry = logOf(gateway, 'default/throws').find((one) => one.includes('run failed'));
  expect(entry).toContain(`file=${fileOf('Throws')}:6`);

  const seen = {
    failure: 'run_failed',
    detail: { class: 'RangeError', message: 'hunter2', line: 6 },
  };
  const asked = { model: idOf('Throws'), content: 'Act' };
  const asAdmin = await call(gateway, gateway.key, asked);
  expect(asAdmin.error).toMatchObject({ code: 'agent_error', dropgate: seen });
  const streamedToAdmin = await call(gateway, gateway.key, { ...asked, stream: true });
  expect(streamedToAdmin.error).toMatchObject({ code: 'agent_error', dropgate: seen });
});

test('a tool that throws is told to the model as failed, and the run goes on', async () => {
  const reply = await ask('ToolThrows');
  expect([reply.status, reply.content]).toEqual([200, 'It failed.']);
  expect(JSON.stringify(upstream.callsAbout('Act').map(({ body }) => body))).not.toContain(
    'hunter2',
  );
  const entry = await until('the line of the log', () =>
    logOf(gateway, 'default/toolthrows').find((one) => one.includes('tool failed')),
  );
  expect(entry).toContain('tool=act');
  expect(entry).toContain('error_class=RangeError');
  expect(entry).toContain(`file=${fileOf('ToolThrows')}:8`);
  const [found] = await diagnosticsOf(gateway, 'default/toolthrows');
  expect(found).toMatchObject({
    stage: 'tool',
    code: 'tool_threw',
    message: 'RangeError: hunter2',
    file: fileOf('ToolThrows'),
    line: 8,
    request_id: reply.headers.get('x-request-id'),
  });
  expectNoInsides(reply.text);
});

test('a tool that throws and may not fail ends the run, with its line in the log', async () => {
  const whole = await ask('ToolFails');
  expect([whole.status, whole.error?.code]).toEqual([500, 'tool_error']);
  const streamed = await stream('ToolFails');
  expect([streamed.status, streamed.error?.code]).toEqual([200, 'tool_error']);
  expect(streamed.text).toMatch(/\n\ndata: \[DONE\]\n\n$/);
  expectNoInsides(whole.text + streamed.text);
  const [found] = await diagnosticsOf(gateway, 'default/toolfails');
  expect(found).toMatchObject({ stage: 'tool', file: fileOf('ToolFails'), line: 8 });
  const entry = logOf(gateway, 'default/toolfails').find((one) => one.includes('run failed'));
  expect(entry).toContain(`file=${fileOf('ToolFails')}:8`);
});

test.each(printers)(
  'an agent that prints 100 MB in $what is cut short in the log and hurts nobody',
  async ({ name, mark }) => {
    const [reply] = await Promise.all([ask(name), expectEchoAnswers(gateway)]);
    expect([reply.status, reply.content]).toEqual([200, 'Printed.']);
    await until('the mark of what is left out', () =>
      logOf(gateway, idOf(name)).some((entry) => entry.includes(mark)),
    );
    expect(gateway.logs().length).toBeLessThan(20 << 20);
  },
);

test('an agent that is killed in the middle of a stream ends it with an error, and runs anew', async () => {
  const reply = await call(gateway, callerKey, {
    model: 'default/mortal',
    stream: true,
    onText: (text) => {
      const pid = /"content":"pid (\d+)"/.exec(text)?.[1];
      if (pid !== undefined && !text.includes('error')) process.kill(Number(pid), 'SIGKILL');
    },
  });
  expect([reply.status, reply.error?.code]).toEqual([200, 'agent_error']);
  expect(reply.content).toMatch(/^pid \d+$/);
  expect(reply.text).toMatch(/\n\ndata: \[DONE\]\n\n$/);
  expectNoInsides(reply.text);
  const entry = await until('the line of the log', () =>
    logOf(gateway, 'default/mortal').find((one) => one.includes('worker ended: crashed')),
  );
  expect(entry).toContain('SIGKILL');
  await gateway.project.write({ 'go.txt': '' });
  const again = await untilAnswered(gateway, { model: 'default/mortal' });
  expect(again).toMatch(/^pid \d+, and well\.$/);
  expect(again).not.toContain(`${reply.content},`);
  await expectEchoAnswers(gateway);
});

test('what a module started does not outlive its worker', async () => {
  await until('the child to end', async () =>
    (await processesIn(gateway.project.root)).every(({ command }) => !command.includes('sleep')),
  );
});

test('after all that the gateway ends cleanly, with nothing left running', async () => {
  await expectEchoAnswers(gateway);
  expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await processesIn(gateway.project.root)).toEqual([]);
});
