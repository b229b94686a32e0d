import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  call,
  type Diagnostic,
  diagnosticsOf,
  expectEchoAnswers,
  expectNoInsides,
  logOf,
} from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { processesIn } from './processes.ts';
import { until } from './until.ts';

type BadModule = {
  readonly name: string;
  readonly what: string;
  readonly text: string;
  /** What is said of it: code, and the line where one can be known. */
  readonly code: string;
  readonly line?: number;
};

const agents = "import { Agent } from '@openai/agents';\n";
const agent = (name: string) => `new Agent({ name: '${name}', model: 'gpt-5' })`;

/** Where it is of no matter what the agent is: to import the SDK takes longer than all else that these do. */
const plain = "export const agent = { run: () => 'Hello.' };\n";

const badModules: readonly BadModule[] = [
  {
    name: 'Syntax',
    what: 'has a syntax error',
    text: `${plain}\nconst broken = ;\n`,
    code: 'syntax_error',
    line: 3,
  },
  {
    name: 'Missing',
    what: 'imports a package that is not there',
    text: `\nimport 'hunter2-package';\n${plain}`,
    code: 'missing_package',
    line: 2,
  },
  {
    name: 'Nothing',
    what: 'has no agent',
    text: 'export const answer = 42;\n',
    code: 'no_agent',
  },
  {
    name: 'Hidden',
    what: 'builds its agent out of reach',
    text: `${agents}export const answer = () => {\n  const hidden = ${agent('A')};\n  return hidden.name;\n};\n`,
    code: 'agent_not_exported',
    line: 3,
  },
  {
    name: 'Pair',
    what: 'exports two agents',
    text: `${agents}export const one = ${agent('One')};\nexport const two = ${agent('Two')};\n`,
    code: 'several_agents',
    line: 2,
  },
  {
    name: 'Thrower',
    what: 'imports a file that throws',
    text: `import './settings.ts';\n${plain}`,
    code: 'import_failed',
    line: 2,
  },
  {
    name: 'Exiter',
    what: 'calls process.exit()',
    text: `\n${plain}await null;\nif (agent.run) process.exit(7);\n`,
    code: 'process_exit',
    line: 4,
  },
  {
    name: 'HeapHog',
    what: 'fills the heap without end',
    text: 'const all: unknown[] = [];\nfor (;;) all.push(new Array(100_000).fill(all.length));\n',
    code: 'out_of_memory',
  },
  {
    name: 'BufferHog',
    what: 'takes memory beside the heap',
    // With an end, or a machine that is short of memory ends it before the gateway does.
    text: `const all: Buffer[] = [];\nwhile (all.length < 60) {\n  all.push(Buffer.alloc(8 << 20, 1));\n  await new Promise((resolve) => setTimeout(resolve, 5));\n}\nawait new Promise(() => setInterval(() => {}, 1000));\n`,
    code: 'out_of_memory',
  },
  {
    name: 'Rejecter',
    what: 'leaves a rejection unhandled',
    text: `\n${plain}Promise.reject(new Error('hunter2'));\n`,
    code: 'unhandled_rejection',
    line: 3,
  },
  {
    name: 'Babbler',
    what: 'writes into the channel to the gateway',
    text: "import { writeSync } from 'node:fs';\nwriteSync(3, 'Hello, hunter2!\\n');\nawait new Promise(() => {});\n",
    code: 'protocol_violated',
  },
];

const endlessModules: readonly BadModule[] = [
  {
    name: 'Looper',
    what: 'loops for ever',
    text: `\n${plain}for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);\n`,
    code: 'load_timeout',
    line: 3,
  },
  {
    name: 'Waiter',
    what: 'waits for ever',
    text: 'await new Promise(() => setInterval(() => {}, 1000));\n',
    code: 'load_timeout',
    line: 1,
  },
];

/** On a busy machine the others need all the time there is; for these it is only waited. */
const groups = [
  { title: 'modules that fail', modules: badModules, limits: 'memory_limit_mb: 256' },
  { title: 'modules that never end', modules: endlessModules, limits: 'load_timeout_ms: 2500' },
];

const idOf = (name: string) => `default/${name.toLowerCase()}`;

describe.each(groups)('$title', ({ modules, limits }) => {
  let gateway: TestGateway;
  let callerKey: string;
  const diagnostics = new Map<string, readonly Diagnostic[]>();

  beforeAll(async () => {
    const files = modules.map(({ name, text }) => [`src/agents/${name}/agent.ts`, text]);
    gateway = await startGateway({
      agents: ['Echo'],
      files: {
        ...Object.fromEntries(files),
        'src/agents/Thrower/settings.ts': "\nthrow new TypeError('The password is hunter2.');\n",
        'gateway.yaml': `worker:\n  spares: 0\n  ${limits}\n`,
      },
    });
    callerKey = await gateway.createCallerKey();
    for (const { name } of modules) {
      const found = await until(`what is wrong with ${name}`, async () => {
        const all = await diagnosticsOf(gateway, idOf(name));
        return all.length > 0 && all;
      });
      diagnostics.set(name, found);
    }
  });
  afterAll(() => gateway?.stop());

  describe.each(modules)('one that $what', (module) => {
    const { name, code, line } = module;
    const isElsewhere = name === 'Thrower';
    const path = `src/agents/${name}/${isElsewhere ? 'settings' : 'agent'}.ts`;

    test('has one diagnostic, with its file, its line and what to do', () => {
      const found = diagnostics.get(name) ?? [];
      expect(found.map((one) => [one.code, one.severity])).toEqual([[code, 'error']]);
      expect(found[0]).toMatchObject({
        file: join(gateway.project.root, path),
        line: line ?? null,
        message: expect.stringMatching(/\w/),
        hint: expect.stringMatching(/\w/),
      });
    });

    test('is told of in the log and, once it is known, in the banner', () => {
      const file = join(gateway.project.root, path);
      const entry = logOf(gateway, idOf(name)).find((one) => one.includes(`code=${code}`));
      expect(entry).toContain(`file=${file}${line === undefined ? '' : `:${line}:`}`);
      const shown = isElsewhere ? file : path;
      const place = line === undefined ? shown : `${shown}:${line}:`;
      // What takes longer than the banner waits for is listed as still loading.
      expect(gateway.logs()).toMatch(
        new RegExp(`error: ${escaped(place)}|Still loading[^]*${escaped(idOf(name))}`),
      );
    });

    test('answers 503, whole and streamed, and tells a caller nothing of its insides', async () => {
      for (const stream of [false, true]) {
        const reply = await call(gateway, callerKey, { model: idOf(name), stream });
        expect([reply.status, reply.error?.code]).toEqual([503, 'agent_unavailable']);
        expect(reply.error).not.toHaveProperty('dropgate');
        expectNoInsides(reply.text);
      }
    });

    test('shows an admin what is wrong in the answer', async () => {
      const reply = await call(gateway, gateway.key, { model: idOf(name) });
      expect(reply.status).toBe(503);
      expect(reply.error?.dropgate).toMatchObject({ detail: [{ code }] });
    });
  });

  test('a healthy agent between them is the only one listed, and answers', async () => {
    const models = await Array.fromAsync(gateway.client({ apiKey: callerKey }).models.list());
    expect(models.map((model) => model.id)).toEqual(['default/echo']);
    await expectEchoAnswers(gateway);
  });

  test('none of them leaves a process behind, neither now nor after the end', async () => {
    // At most the healthy one and a spare.
    await until('their processes to end', async () => (await gateway.workers()).length <= 2);
    expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await processesIn(gateway.project.root)).toEqual([]);
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
