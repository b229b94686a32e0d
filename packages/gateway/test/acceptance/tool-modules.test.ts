import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  ToolCallReport,
  ToolList,
  ToolStatus,
} from '../../src/protocol/admin/tools-answer.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call, diagnosticsOf } from './call.ts';
import { blocks, guide } from './guide.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';
import { followSteps, saying } from './tool-script.ts';
import { until } from './until.ts';

const probeInTypeScript = `
import { tool } from '@openai/agents';
import { z } from 'zod';
import { answer } from './_answer.ts';

let calls = 0;
const acts: Record<string, (context: any) => unknown> = {
  text: () => answer + ' ' + process.env.HARBOUR,
  json: () => ({ high: ['noon', 'midnight'] }),
  nothing: () => undefined,
  throw: () => { throw new RangeError('no such harbour'); },
  function: () => () => 1,
  loop: () => { const self: any = {}; self.self = self; return self; },
  long: () => 'é'.repeat(300_000),
  caller: (context) => context.context.key.id,
  count: () => String(++calls),
  hang: () => { console.log('forecast waits'); return new Promise(() => {}); },
  crash: () => process.exit(3),
};
export default tool({
  name: 'probe',
  description: 'Does as it is told.',
  parameters: z.object({ act: z.string() }),
  execute: ({ act }, context) => acts[act](context),
});
`;

const probeInPython = `
import asyncio
import os
from typing import Any

from agents import RunContextWrapper, function_tool

from _answer import ANSWER

calls = 0


def count() -> str:
    global calls
    calls += 1
    return str(calls)


def fail() -> str:
    raise ValueError("no such harbour")


def loop() -> object:
    self: dict[str, object] = {}
    self["self"] = self
    return self


@function_tool
async def tide(context: RunContextWrapper[Any], act: str) -> Any:
    """Does as it is told."""
    if act == "hang":
        print("tide waits", flush=True)
        await asyncio.sleep(3600)
    if act == "caller":
        return context.context["key"]["id"]
    acts = {
        "text": lambda: f"{ANSWER} {os.environ['HARBOUR']}",
        "json": lambda: {"high": ["noon", "midnight"]},
        "nothing": lambda: None,
        "throw": fail,
        "function": lambda: fail,
        "loop": loop,
        "long": lambda: "é" * 300_000,
        "count": count,
        "crash": lambda: os._exit(3),
    }
    return acts[act]()
`;

const agent = `
import { Agent } from '@openai/agents';
export const __gateway__ = { tools: ['forecast', 'tide'] };
export const agent = new Agent({ name: 'skipper' });
`;

const carefulInTypeScript = `import { tool } from '@openai/agents';
import { z } from 'zod';
export const careful = tool({ name: 'careful', description: 'Asks.', parameters: z.object({}), needsApproval: true, execute: () => 'done' });
`;

const carefulInPython = `from agents import function_tool
@function_tool(needs_approval=True)
def careful() -> str:
    "Asks."
    return "done"
`;

const page = guide('Tools.md');
const missing = await missingPython();
type Language = {
  readonly tool: string;
  readonly file: string;
  readonly args: Readonly<Record<string, string>>;
  readonly says: string;
  readonly probe: string;
  /** Of a version with an error, and the line of that. */
  readonly broken: readonly [text: string, line: number];
  readonly helper: readonly [file: string, text: string];
  readonly thrown: string;
};
const languages: readonly (readonly [string, Language])[] = [
  [
    'TypeScript',
    {
      tool: 'forecast',
      file: 'src/tools/forecast.ts',
      args: { city: 'Oslo' },
      says: 'Tomorrow it rains in Oslo.',
      probe: probeInTypeScript,
      broken: ["import { tool } from '@openai/agents';\nexport const x = ;\n", 2],
      helper: ['src/tools/_answer.ts', "export const answer = 'High tide in';\n"],
      thrown: 'RangeError: no such harbour',
    },
  ],
  [
    'Python',
    {
      tool: 'tide',
      file: 'src/tools/tide.py',
      args: { harbour: 'Bergen' },
      says: 'High tide in Bergen is at noon.',
      probe: probeInPython,
      broken: ['from agents import function_tool\nx = = 1\n', 2],
      helper: ['src/tools/_answer.py', 'ANSWER = "High tide in"\n'],
      thrown: 'ValueError: no such harbour',
    },
  ],
];
const served = missing ? languages.slice(0, 1) : languages;

let parrot: Parrot;
let gateway: TestGateway;

beforeAll(async () => {
  parrot = await startParrot(followSteps);
  const examples = [blocks(page, 'ts')[1] ?? '', blocks(page, 'python')[1] ?? ''];
  gateway = await startGateway({
    files: {
      'gateway.yaml': `
worker: { spares: 0 }
tools:
  forecast: { kind: module, max_result_bytes: 1000, cache: { ttl_seconds: 60 } }
  tide: { kind: module, max_result_bytes: 1000, cache: { ttl_seconds: 60 } }
  lost: { kind: module }
security:
  rules:
    - { id: no-secrets, effect: deny, action: call_tool, principals: ["*"], resources: [forecast, tide], when: '"act" in args && args.act == "secret"' }
    - { id: no-banned, effect: deny, action: load_module, principals: ["agent:tool:banned"], resources: ["*"] }
`,
      'src/tools/banned.ts': 'export const x = 1;\n',
      'src/tools/.env': 'HARBOUR=Bergen\n',
      'src/agents/Skipper/agent.ts': agent,
      ...Object.fromEntries(served.map(([, { file }], at) => [file, examples[at] ?? ''])),
    },
    env: {
      OPENAI_API_KEY: 'sk-parrot',
      OPENAI_BASE_URL: parrot.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
      ...(missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() }),
    },
  });
});
afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
});

async function tools(): Promise<ToolList> {
  return (await gateway.fetch('/admin/tools')).json() as Promise<ToolList>;
}

/** The tool once it is so. */
function toolThat(name: string, isSo: (tool: ToolStatus) => boolean): Promise<ToolStatus> {
  return until(`the tool ${name}`, async () =>
    (await tools()).tools.find((tool) => tool.name === name && isSo(tool)),
  );
}

async function problemsOf(name: string): Promise<string[]> {
  return (await tools()).problems.flatMap(({ source, problem }) =>
    source === name ? problem : [],
  );
}

async function ask(tool: string, args: object, signal?: AbortSignal): Promise<ToolCallReport> {
  const response = await gateway.fetch(`/admin/tools/${tool}/call`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ arguments: args }),
    ...(signal ? { signal } : {}),
  });
  return response.json() as Promise<ToolCallReport>;
}

describe.each(served)('a tool of a module in %s', (_language, language) => {
  const { tool, file, args, says, probe, broken, helper, thrown } = language;

  test('is used by agents as the guide says, and its results are kept', async () => {
    await toolThat(tool, ({ state }) => state === 'ready');
    const content = saying([tool, args], [tool, args], [tool, {}]);
    const reply = await call(gateway, gateway.key, { model: 'default/skipper', content });
    const [name = ''] = Object.keys(args);
    expect(reply.content.split(' | ')).toEqual([
      says,
      says,
      `The arguments must have required property '${name}'. Send an object with: ${name} (string, required).`,
    ]);
    expect((await tools()).tools.find((each) => each.name === tool)).toMatchObject({
      kind: 'module',
      module: { path: file, generation: 1, diagnostics: [] },
      used_by: ['default/skipper'],
      cache_hit_rate: 0.5,
    });
    expect(await diagnosticsOf(gateway, 'default/skipper')).toEqual([]);
  });

  test('is the next version after a save, with files and variables beside it', async () => {
    await gateway.project.write({ [helper[0]]: helper[1], [file]: probe });
    const { parameters } = await toolThat(tool, ({ module }) => module?.generation === 2);
    expect(parameters).toMatchObject({ properties: { act: { type: 'string' } } });
    expect(await ask(tool, { act: 'text' })).toMatchObject({
      outcome: 'ok',
      result: 'High tide in Bergen',
      cache: 'miss',
    });
  });

  test.each([
    ['what is no text as JSON', 'json', { outcome: 'ok', result: '{"high":["noon","midnight"]}' }],
    ['nothing as no text', 'nothing', { outcome: 'ok', result: '' }],
    ['who asks', 'caller', { outcome: 'ok', result: expect.stringMatching(/^key_/) }],
    ['each version its own calls', 'count', { outcome: 'ok', result: '1', cache: 'miss' }],
    ['equal calls one result', 'count', { outcome: 'ok', result: '1', cache: 'hit' }],
    ['a rule about its arguments', 'secret', { outcome: 'denied', violation: 'denied' }],
    ['what it throws', 'throw', { outcome: 'failed', error: thrown }],
    ['a function as a failure', 'function', { outcome: 'failed', error: /which is no text/ }],
    ['a circle as a failure', 'loop', { outcome: 'failed', error: /[Cc]ircular/ }],
  ] as const)('tells %s', async (_what, act, expected) => {
    const { error, ...report } = await ask(tool, { act });
    const { error: wanted = null, ...rest } = { error: null, ...expected } as {
      error?: string | RegExp | null;
    };
    expect(report).toMatchObject(rest);
    if (wanted instanceof RegExp) expect(error).toMatch(wanted);
    else expect(error).toBe(wanted);
  });

  test('has a long result cut, and says so', async () => {
    const { result, result_bytes: bytes } = await ask(tool, { act: 'long' });
    expect(bytes).toBeLessThanOrEqual(1000);
    expect(result).toMatch(/^é+\n*\[.*cut/s);
  });

  test('ends a call with the request that asked for it', async () => {
    const leaving = new AbortController();
    const asked = ask(tool, { act: 'hang' }, leaving.signal).catch((error: Error) => error.name);
    await until('the call', () => gateway.logs().includes(`${tool} waits`));
    leaving.abort();
    expect(await asked).toBe('AbortError');
    await until('its end', () => gateway.logs().includes(`tool aborted`));
    expect(await ask(tool, { act: 'json' })).toMatchObject({ outcome: 'ok' });
  });

  // What becomes of a process is not the language's matter.
  if (tool === 'forecast') testCrash(tool);

  test('goes on with the version before where a save is broken, and says where', async () => {
    const [text, line] = broken;
    await gateway.project.write({ [file]: text });
    const { module, problem } = await toolThat(tool, ({ state }) => state === 'degraded');
    expect(module).toMatchObject({ path: file, generation: 2 });
    expect(module?.diagnostics[0]).toMatchObject({ severity: 'error', line });
    expect(problem).toContain(`${file}:${line}: `);
    expect(await ask(tool, { act: 'json' })).toMatchObject({ outcome: 'ok' });
  });

  test('is gone with its file', async () => {
    await rm(join(gateway.project.root, file));
    await until('its end', async () => !(await tools()).tools.some(({ name }) => name === tool));
    const path = `src/tools/${tool}.ts`;
    expect(await problemsOf(tool)).toEqual([`There is no module ${path} or .py.`]);
  });
});

function testCrash(tool: string): void {
  test('has a new process after it crashed', async () => {
    expect(await ask(tool, { act: 'crash' })).toMatchObject({
      outcome: 'failed',
      result: `The tool ${tool} failed: Its process ended unexpectedly.`,
    });
    await until('the next process', async () => {
      const { outcome, result } = await ask(tool, { act: 'text' });
      return outcome === 'ok' && result === 'High tide in Bergen';
    });
  });
}

test('a rule about a module by the id that it has keeps it from loading', async () => {
  const [denied] = await until('the denial', async () => {
    const found = await diagnosticsOf(gateway, 'tool:banned');
    return found.length > 0 && found;
  });
  expect(denied).toMatchObject({
    code: 'load_denied',
    message: 'Policy does not let src/tools/banned.ts load (rule no-banned).',
  });
});

test('a file that gives no tool, or one of a name that is taken, is told of', async () => {
  expect(await problemsOf('lost')).toEqual(['There is no module src/tools/lost.ts or .py.']);
  await gateway.project.write({
    'src/tools/fetch_doc.ts': 'export const x = 1;\n',
    'src/tools/lost.ts': 'export const x = 1;\n',
    'src/tools/_shared.ts': 'export const x = 1;\n',
    'src/tools/two.ts': 'export {};\n',
    'src/tools/two/tool.ts': 'export {};\n',
  });
  const lost = await until('the diagnosis', async () => {
    const [problem] = await problemsOf('lost');
    return problem?.includes('no tool') && problem;
  });
  expect(lost).toMatch(
    /^src\/tools\/lost\.ts: src\/tools\/lost\.ts exports no tool of the Agents SDK\. Export one: /,
  );
  expect(await problemsOf('fetch_doc')).toEqual([
    'src/tools/fetch_doc.ts is not used: `tools` has fetch_doc, of kind fetch_doc, already. Rename the file.',
  ]);
  const two = (await diagnosticsOf(gateway, 'tool:two')).map(({ code }) => code);
  expect(two).toEqual(['two_tool_files']);
  expect(await problemsOf('two')).toEqual([
    'src/tools/two/tool.ts and src/tools/two.ts give a tool of the same name; none of them is served.',
  ]);
});

test.each(served)('a tool in %s whose guards nobody would keep is refused', async (_, { file }) => {
  const name = `careful_${file.slice(-2)}`;
  await gateway.project.write({
    [`src/tools/${name}${file.slice(file.indexOf('.'))}`]: file.endsWith('.ts')
      ? carefulInTypeScript
      : carefulInPython,
  });
  const findings = await until('the diagnosis', async () => {
    const found = await diagnosticsOf(gateway, `tool:${name}`);
    return found.length > 0 && found;
  });
  expect(findings[0]).toMatchObject({ code: 'tool_needs_approval', line: 3 });
});
