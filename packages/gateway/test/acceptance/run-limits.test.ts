import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../../src/testing.ts';
import { shareCompileCache } from '../support/compile-cache.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { type Parrot, startParrot } from './parrot.ts';
import { createProject, type Project } from './project.ts';

/** Writes down each call of its tool, which its model makes as long as it is asked to. */
const looper = (metadata: string) => `
import { appendFileSync } from 'node:fs';
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
const note = tool({
  name: 'note',
  description: 'Notes something.',
  parameters: z.object({ text: z.string(), page: z.number() }),
  execute: async () => {
    appendFileSync(import.meta.dirname + '/../calls', 'x');
    return 'Noted.';
  },
});
export const __gateway__ = { max_turns: 60, ${metadata} };
export const agent = new Agent({ name: 'Looper', instructions: 'Go on.', model: 'm', tools: [note] });
`;

const pythonLooper = (metadata: string) => `
from pathlib import Path
from agents import Agent, function_tool

@function_tool
def note(text: str, page: int) -> str:
    """Notes something."""
    with (Path(__file__).parent.parent / "calls").open("a") as calls:
        calls.write("x")
    return "Noted."

__gateway__ = {"max_turns": 60, ${metadata}}
agent = Agent(name="Looper", instructions="Go on.", model="m", tools=[note])
`;

/** Calls its model again and again over a connection of its own, whatever it is answered. */
const stubborn = `
import { request } from 'node:http';
const { OPENAI_BASE_URL, OPENAI_API_KEY } = process.env;
const ask = () => new Promise((resolve) => {
  const call = request(OPENAI_BASE_URL + '/responses', {
    method: 'POST',
    headers: { authorization: 'Bearer ' + OPENAI_API_KEY, 'content-type': 'application/json' },
  }, (response) => {
    response.resume().on('end', () => resolve(response.headers['x-should-retry']));
  });
  call.on('error', () => resolve('none'));
  call.end(JSON.stringify({ model: 'm', input: 'x' }));
});
export const agent = {
  async run() {
    for (;;) if ((await ask()) === 'none') return 'Left.';
  },
};
`;

const settings = (baseUrl: string) => `
worker: { spares: 0, cancel_timeout_ms: 1000 }
runs: { record: 'off' }
defaults: { upstream: local }
upstreams:
  local:
    base_url: ${baseUrl}
    api: responses
    prices: { m: { input: 100, output: 100 } }
  unpriced: { base_url: "${baseUrl}", api: responses }
security:
  namespaces:
    tight: { limits: { max_model_calls: 2 } }
tools:
  get_time:
    kind: http
    description: Tells the time.
    url: ${baseUrl}/time
    allow_addresses: [127.0.0.1]
    parameters: { type: object, properties: { zone: { type: string } } }
`;

/** An answer with an impossible count of tokens. */
function oddlyCounted(count: string): string {
  const content = [{ type: 'output_text', text: 'Well.', annotations: [] }];
  const output = [
    { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content },
  ];
  const about = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', output };
  const usage = `{"input_tokens":${count},"output_tokens":1,"total_tokens":1,"input_tokens_details":{"cached_tokens":0},"output_tokens_details":{"reasoning_tokens":${count}}}`;
  return `${JSON.stringify(about).slice(0, -1)},"usage":${usage}}`;
}

let missing: string | null = null;
let parrot: Parrot;
let project: Project;
let gateway: TestGateway;

beforeAll(async () => {
  missing = await missingPython();
  parrot = await startParrot(({ messages, body }) => {
    const page = (body.input as unknown[] | undefined)?.length ?? 0;
    if (messages.at(-1) === 'user: say it otherwise') {
      const args = page % 4 === 1 ? '{"text":"a","page":1}' : '{ "page": 1.0, "text": "a" }';
      return { calls: [{ name: 'note', args, id: `call_${page}` }] };
    }
    const [, counted] = /^user: count (\S+)$/.exec(messages.at(-1) ?? '') ?? [];
    if (counted) return { answer: { status: 200, body: oddlyCounted(counted) } };
    // Each page once, so that no call is like the one before.
    if (messages.at(-1) !== 'user: turn pages') return null;
    return { calls: [{ name: 'note', args: { text: 'a', page }, id: `call_${page}` }] };
  });
  project = await createProject({
    'gateway.yaml': settings(parrot.baseUrl),
    'src/agents/Tsloop/agent.ts': looper(''),
    'src/agents/Tsfew/agent.ts': looper('limits: { max_tool_calls: 3 }'),
    'src/agents/Tsodd/agent.ts': looper("limits: { max_model_calls: 'many' }"),
    'src/agents/Unpriced/agent.ts': looper("upstream: 'unpriced', limits: { max_cost_usd: 1 }"),
    'src/agents/tight/Small/agent.ts': looper('limits: { maxModelCalls: 50 }'),
    'src/agents/Timer/agent.ts': looper("tools: ['get_time']"),
    'src/agents/Stubborn/agent.ts': stubborn,
    ...(missing
      ? {}
      : {
          'src/agents/Pyloop/agent.py': pythonLooper('"limits": {"max_tool_calls": 12}'),
        }),
  });
  shareCompileCache(project.root);
  gateway = await startTestGateway({
    projectRoot: project.root,
    env: missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() },
  });
});

afterAll(async () => {
  await gateway?.close();
  parrot?.stop();
  await project?.remove();
});

const same = 'keep calling note {"text":"a","page":1}';

/** What became of a run: its failure, and how often its tool and its model were called. */
async function failureOf(
  model: string,
  asked: { content?: string; stream?: boolean; key?: string },
) {
  const { content = same, stream = false, key = gateway.key } = asked;
  const calls = join(project.root, 'src/agents', 'calls');
  rmSync(calls, { force: true });
  const before = parrot.calls().length;
  const answered = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content }] }),
  });
  const text = await answered.text();
  const last = stream ? (text.trimEnd().split('\n\n').at(-2)?.slice('data: '.length) ?? '') : text;
  const { error } = JSON.parse(last) as { error?: { code: string; message: string } };
  return {
    status: answered.status,
    retry: answered.headers.get('x-should-retry'),
    code: error?.code,
    message: error?.message ?? text,
    tools: existsSync(calls) ? readFileSync(calls, 'utf8').length : 0,
    models: parrot.calls().length - before,
  };
}

async function keyWith(run_limits: object): Promise<string> {
  const answered = await fetch(`${gateway.url}/security/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'caller', run_limits }),
  });
  return ((await answered.json()) as { key: string }).key;
}

const refused = { status: 403, retry: 'false', code: 'run_limit_exceeded' };

// In Python one process does for both.
describe.each([
  { language: 'ts', few: 'tsfew', most: 3 },
  { language: 'py', few: 'pyloop', most: 12 },
])('an agent ($language) whose model calls tools without end', ({ language, few, most }) => {
  test.each([false, true])('is stopped after eight like calls (streamed: %s)', async (stream) => {
    if (missing && language === 'py') return;
    const failure = await failureOf(`${language}loop`, { stream });
    expect(failure).toMatchObject({
      ...(stream ? { status: 200, code: 'run_limit_exceeded' } : refused),
      tools: 8,
      models: 9,
    });
    expect(failure.message).toBe(
      'The run reached its limit (max_repeated_tool_calls: 8, the default) and was ended. It called a tool again and again with the same arguments. It used 9 model calls, 135 tokens, $0.0135, 8 tool calls.',
    );
  });

  test('is stopped likewise where the fields of the arguments stand in another order', async () => {
    if (missing && language === 'py') return;
    const failure = await failureOf(`${language}loop`, { content: 'say it otherwise' });
    expect(failure).toMatchObject({ ...refused, tools: 8, models: 9 });
  });

  test.each([false, true])(
    'is stopped before it calls more than it may (streamed: %s)',
    async (stream) => {
      if (missing && language === 'py') return;
      const failure = await failureOf(few, { stream, content: 'turn pages' });
      const told = { code: 'run_limit_exceeded', tools: most, models: most + 1 };
      expect(failure).toMatchObject(told);
      expect(failure.message).toContain(`(max_tool_calls: ${most}, that of its agent)`);
    },
  );
});

test.each(['ts', 'py'])(
  'a server that counts what cannot be leaves the process of an agent (%s) alone',
  async (language) => {
    if (missing && language === 'py') return;
    // Other numbers than whole ones, the SDK for Python takes for an error itself.
    const fractions = language === 'ts' ? ['1e308', '0.5'] : [];
    for (const count of ['-5000000000', `1${'0'.repeat(40)}`, ...fractions]) {
      const answered = await failureOf(`${language}loop`, { content: `count ${count}` });
      expect([count, answered.status, answered.code]).toEqual([count, 200, undefined]);
      expect(answered.message).toContain('"content":"Well."');
    }
  },
);

describe('a run is stopped before the model call', () => {
  test.each([
    ['that is one too many', { max_model_calls: 5 }, 'max_model_calls: 5', 5],
    // Each call takes 15 tokens, and sends more than 30 at a guess.
    ['whose tokens do not fit', { max_tokens: 400 }, 'max_tokens: 400', null],
    ['that costs too much', { max_cost_usd: 0.03 }, 'max_cost_usd: 0.03', null],
  ])('%s', async (_, limits, named, models) => {
    const key = await keyWith(limits);
    for (const stream of [false, true]) {
      const failure = await failureOf('tsloop', { key, stream, content: 'turn pages' });
      expect(failure).toMatchObject(stream ? { status: 200, code: 'run_limit_exceeded' } : refused);
      expect(failure.message).toContain(`(${named}, that of its key)`);
      expect(failure.models).toBeGreaterThan(0);
      expect(failure.models).toBeLessThan(30);
      expect(failure.models).toBe(models ?? failure.models);
      expect(failure.tools).toBe(failure.models);
    }
  });

  test('which the errors of its agent name, without what one run used', async () => {
    const answered = await fetch(`${gateway.url}/admin/agents/errors?agent=default/tsloop`, {
      headers: { authorization: `Bearer ${gateway.key}` },
    });
    const { errors } = (await answered.json()) as { errors: object[] };
    expect(errors).toContainEqual(
      expect.objectContaining({
        code: 'run_limit_exceeded',
        message:
          'RunLimit: The run reached its limit (max_model_calls: 5, that of its key) and was ended.',
        count: 2,
      }),
    );
  });

  test('of an agent in Python too', async () => {
    if (missing) return;
    const key = await keyWith({ max_model_calls: 5 });
    for (const stream of [false, true]) {
      const failure = await failureOf('pyloop', { key, stream, content: 'turn pages' });
      expect(failure).toMatchObject({ code: 'run_limit_exceeded', models: 5, tools: 5 });
      expect(failure.message).toContain('(max_model_calls: 5, that of its key)');
    }
  });

  test('by the tightest of what agent, key and namespace say', async () => {
    const key = await keyWith({ max_model_calls: 5 });
    const failure = await failureOf('tight/small', { key, content: 'turn pages' });
    expect(failure).toMatchObject({ ...refused, models: 2 });
    expect(failure.message).toContain('(max_model_calls: 2, that of its namespace)');
  });

  test('that goes over a connection, whatever the module makes of the refusal', async () => {
    const key = await keyWith({ max_model_calls: 3 });
    const failure = await failureOf('stubborn', { key });
    expect(failure).toMatchObject({ ...refused, models: 3 });
  });

  test('of which nobody knows the price that is limited', async () => {
    const failure = await failureOf('unpriced', {});
    expect(failure).toMatchObject({ status: 403, code: 'price_unknown', models: 0 });
    expect(failure.message).toContain('its agent limits what a run may cost (max_cost_usd)');
  });
});

test('a gateway tool that is called again and again is stopped too', async () => {
  const failure = await failureOf('timer', { content: 'keep calling get_time {"zone":"x"}' });
  expect(failure).toMatchObject(refused);
  expect(failure.message).toContain('max_repeated_tool_calls: 8');
});

test('a key may switch the loop breaker off, or set it lower', async () => {
  const low = await failureOf('tsloop', { key: await keyWith({ max_repeated_tool_calls: 2 }) });
  expect(low).toMatchObject({ ...refused, tools: 2 });
  const limits = { max_repeated_tool_calls: 0, max_tool_calls: 20 };
  const off = await failureOf('tsloop', { key: await keyWith(limits) });
  expect(off).toMatchObject({ ...refused, tools: 20 });
});

test('an override raises limits of some runs for a while', async () => {
  const cli = inProcessCli(project.root);
  const limits = ['--limits', 'max_model_calls=4', '--reason', 'migration'];
  const who = ['--principal', '*', '--ttl', '1h'];
  const raise = ['security', 'override', 'allow', 'raise_limits', 'tight/small'];
  const made = await cli(...raise, ...who, ...limits, '--json');
  const override = JSON.parse(made.out) as { id: string; limits: object };
  expect([made.code, override.limits]).toEqual([0, { max_model_calls: 4 }]);
  expect((await cli('security', 'overrides', '--active')).out).toMatch(
    / allow +\* +raise_limits max_model_calls=4 +tight\/small /,
  );
  const ask = () => failureOf('tight/small', { content: 'turn pages' });
  await expect.poll(async () => (await ask()).models).toBe(4);
  expect((await ask()).message).toContain('(max_model_calls: 4, that of its override)');
  expect((await cli('security', 'revoke', override.id)).code).toBe(0);
  await expect.poll(async () => (await ask()).models).toBe(2);
  expect((await cli(...raise, ...who, '--reason', 'none')).err).toContain('says which limits');
});

test('limits that cannot be are refused where they are set', async () => {
  const { errors } = (await (
    await fetch(`${gateway.url}/admin/agents/errors?agent=default/tsodd`, {
      headers: { authorization: `Bearer ${gateway.key}` },
    })
  ).json()) as { errors: Record<string, unknown>[] };
  expect(errors).toMatchObject([
    {
      code: 'bad_metadata',
      message: '`__gateway__.limits` has a value it cannot have, so it is ignored.',
      hint: 'Give it an object with any of max_model_calls, max_tokens, max_cost_usd, max_tool_calls, max_repeated_tool_calls.',
    },
  ]);
  const cli = inProcessCli(project.root);
  const wrong = await cli('keys', 'create', '--run-limits', 'max_model_calls=0');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('max_model_calls=20')]);
  const right = await cli(
    'keys',
    'create',
    '--run-limits',
    'max_model_calls=20,max_cost_usd=0.5',
    '--json',
  );
  expect(JSON.parse(right.out).run_limits).toEqual({ max_model_calls: 20, max_cost_usd: 0.5 });
});
