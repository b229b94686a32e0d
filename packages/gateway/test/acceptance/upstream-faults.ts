import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patienceMs } from '../support/hang-limit.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call, diagnosticsOf, expectEchoAnswers, expectNoInsides, logOf } from './call.ts';
import { type FaultyUpstream, startFaultyUpstream, type UpstreamFault } from './faulty-upstream.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { processesIn } from './processes.ts';
import { until } from './until.ts';

type Case = {
  readonly fault: UpstreamFault;
  readonly what: string;
  readonly status: number;
  readonly code: string;
  /** Calls for one run: what may be sent again is sent again once. */
  readonly calls: number;
  /** Whether the caller is told that a retry is no use. */
  readonly final?: true;
};

const cases: readonly Case[] = [
  {
    fault: 'unauthorized',
    what: 'refuses the key with 401',
    status: 502,
    code: 'upstream_error',
    calls: 1,
    final: true,
  },
  {
    fault: 'limited',
    what: 'answers 429',
    status: 429,
    code: 'rate_limit_exceeded',
    calls: 1,
  },
  { fault: 'failing', what: 'answers 500', status: 502, code: 'upstream_error', calls: 2 },
  {
    fault: 'unknown',
    what: 'has no such model',
    status: 502,
    code: 'upstream_error',
    calls: 1,
    final: true,
  },
  { fault: 'page', what: 'answers a web page', status: 502, code: 'upstream_error', calls: 1 },
  { fault: 'broken', what: 'answers broken JSON', status: 502, code: 'upstream_error', calls: 1 },
  { fault: 'alien', what: 'answers another API', status: 502, code: 'upstream_error', calls: 1 },
  { fault: 'noise', what: 'streams garbage', status: 502, code: 'upstream_error', calls: 1 },
  {
    fault: 'inside',
    what: 'streams that it failed, with status 200',
    status: 502,
    code: 'upstream_error',
    calls: 1,
  },
  {
    fault: 'silent',
    what: 'never answers',
    status: 504,
    code: 'upstream_timeout',
    calls: 1,
    final: true,
  },
  {
    fault: 'hangup',
    what: 'hangs up before it answers',
    status: 503,
    code: 'upstream_error',
    calls: 2,
  },
];

/** After its first word. The caller has that already, so that only the error line can tell. */
const streamCases = [
  { fault: 'stuck', what: 'stalls' },
  { fault: 'cut', what: 'hangs up' },
  { fault: 'short', what: 'ends' },
] as const;

const missing = await missingPython();
const python = missing ? null : pythonWithSdk();

/** Two agents each: what never comes is waited for only so long by the hasty one, the rest by the patient one. */
const agents = {
  NewApi: { written: 'TypeScript', api: 'responses', upstream: 'new' },
  OldApi: { written: 'TypeScript', api: 'chat_completions', upstream: 'old' },
  NewPython: { written: 'Python', api: 'responses', upstream: 'new' },
  OldPython: { written: 'Python', api: 'chat_completions', upstream: 'old' },
} as const;

type Name = keyof typeof agents;

const neverEnds: readonly UpstreamFault[] = ['silent', 'stuck'];

let upstream: FaultyUpstream;
let gateway: TestGateway;
let callerKey: string;

const agentAt = (name: string) => `import { Agent } from '@openai/agents';
export const __gateway__ = { upstream: '${name}' };
export const agent = new Agent({ name: 'A', model: 'gpt-5' });
`;

const pythonAgentAt = (name: string) => `from agents import Agent

__gateway__ = {"upstream": "${name}"}
agent = Agent(name="A", model="gpt-5")
`;

function filesOf(name: Name): (readonly [path: string, text: string])[] {
  const { written, upstream: at } = agents[name];
  const isPython = written === 'Python';
  if (isPython && !python) return [];
  const file = isPython ? 'agent.py' : 'agent.ts';
  const textAt = isPython ? pythonAgentAt : agentAt;
  return [
    [`src/agents/${name}/${file}`, textAt(at)],
    [`src/agents/Hasty${name}/${file}`, textAt(`hasty${at}`)],
  ];
}

async function start(names: readonly Name[]): Promise<void> {
  upstream = await startFaultyUpstream();
  const at = (url: string, api: string, timeoutMs = patienceMs) =>
    `    base_url: ${url}\n    api: ${api}\n    timeout_ms: ${timeoutMs}\n    max_retries: 1\n    max_failures: 0\n`;
  const upstreams = {
    new: at(upstream.baseUrl, 'responses'),
    old: at(upstream.baseUrl, 'chat_completions'),
    hastynew: at(upstream.baseUrl, 'responses', 1500),
    hastyold: at(upstream.baseUrl, 'chat_completions', 1500),
    down: at('http://127.0.0.1:9/v1', 'responses'),
  };
  const named = Object.entries(upstreams).map(([name, settings]) => `  ${name}:\n${settings}`);
  gateway = await startGateway({
    agents: ['Echo'],
    ...(python && { env: { GATEWAY_PYTHON: python } }),
    files: {
      ...Object.fromEntries(names.flatMap(filesOf)),
      'src/agents/Down/agent.ts': agentAt('down'),
      'gateway.yaml': `worker: { spares: 0 }\ndefaults: { upstream: new }\nupstreams:\n${named.join('')}`,
    },
  });
  callerKey = await gateway.createCallerKey();
}

/** What the log says of the last model call of an agent. */
const modelLog = (agent: string) => () =>
  logOf(gateway, agent).findLast((entry) => entry.includes('model call failed')) ?? null;

/** Tokens of an agent, as `/admin/usage` tells them. */
async function usageOf(agent: string): Promise<{ input: number; output: number }> {
  const response = await gateway.fetch('/admin/usage');
  const usage = (await response.json()) as {
    rows: { agent_id: string; input_tokens: number; output_tokens: number }[];
  };
  const row = usage.rows.find(({ agent_id }) => agent_id === agent);
  return { input: row?.input_tokens ?? 0, output: row?.output_tokens ?? 0 };
}

/** Each fault of an upstream, met by these agents; one gateway for all of them. */
export function testUpstreamFaults(names: readonly Name[]): void {
  beforeAll(() => start(names));
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  names.forEach(testFaultsOf);

  test('an upstream that is down is told as 503, and its address is in the log alone', async () => {
    const whole = await call(gateway, callerKey, { model: 'default/down' });
    expect([whole.status, whole.error?.code]).toEqual([503, 'upstream_error']);
    const streamed = await call(gateway, callerKey, { model: 'default/down', stream: true });
    expect([streamed.status, streamed.error?.code]).toEqual([200, 'upstream_error']);
    expectNoInsides(whole.text + streamed.text);
    const entry = await until('the line of the log', modelLog('default/down'));
    expect(entry).toContain('upstream=down');
    expect(entry).toContain('ECONNREFUSED');
    await expectEchoAnswers(gateway);
  });

  test('after all that the gateway ends cleanly, with nothing left running', async () => {
    expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await processesIn(gateway.project.root)).toEqual([]);
  });
}

function testFaultsOf(name: Name): void {
  const { written, api } = agents[name];
  const agentFor = (fault: UpstreamFault) =>
    `default/${neverEnds.includes(fault) ? 'hasty' : ''}${name.toLowerCase()}`;
  const isLeftOut = written === 'Python' && missing;
  describe.skipIf(isLeftOut)(`an agent in ${written} over ${api} (${isLeftOut || 'run'})`, () => {
    test.each(cases)('an upstream that $what is told as $status $code', async (one) => {
      const { fault, status, code, calls, final } = one;
      const agent = agentFor(fault);
      const before = upstream.callsFor(fault);
      const content = `Please: ${fault}.`;
      const whole = await call(gateway, callerKey, { model: agent, content });
      expect([whole.status, whole.error?.code]).toEqual([status, code]);
      expect(whole.headers.get('x-should-retry')).toBe(final ? 'false' : null);
      expect(upstream.callsFor(fault) - before).toBe(calls);
      if (fault === 'limited') expect(whole.headers.get('retry-after')).toBe('7');

      const [streamed] = await Promise.all([
        call(gateway, callerKey, { model: agent, content, stream: true }),
        expectEchoAnswers(gateway),
      ]);
      expect([streamed.status, streamed.error?.code]).toEqual([200, code]);
      expect(streamed.text).toMatch(/\n\ndata: \[DONE\]\n\n$/);
      expect(upstream.callsFor(fault) - before).toBe(calls * 2);
      expectNoInsides(whole.text + streamed.text);

      const [found] = await diagnosticsOf(gateway, agent);
      expect(found).toMatchObject({ stage: 'model', severity: 'error' });
    });

    test('a turn in which the model says nothing is the last one', async () => {
      const agent = `default/${name.toLowerCase()}`;
      for (const stream of [false, true]) {
        const before = upstream.callsFor('empty');
        const content = 'Please: empty.';
        const reply = await call(gateway, callerKey, { model: agent, content, stream });
        expect([reply.status, reply.content, reply.error]).toEqual([200, '', null]);
        expect(upstream.callsFor('empty') - before).toBe(1);
      }
    });

    test('tokens are told to the caller and to the operator as the upstream counts them, whole and streamed', async () => {
      const agent = `default/${name.toLowerCase()}`;
      const before = await usageOf(agent);
      const client = gateway.client({ apiKey: callerKey });
      const messages = [{ role: 'user' as const, content: 'Please: counted.' }];
      const whole = await client.chat.completions.create({ model: agent, messages });
      const streamed = await client.chat.completions
        .stream({ model: agent, messages, stream_options: { include_usage: true } })
        .finalChatCompletion();
      for (const { choices, usage } of [whole, streamed]) {
        expect(choices[0]?.message.content).toBe('Counted.');
        expect(usage).toMatchObject({ prompt_tokens: 31, completion_tokens: 7 });
      }
      const after = await usageOf(agent);
      expect([after.input - before.input, after.output - before.output]).toEqual([62, 14]);
    });

    test.each(streamCases)(
      'an upstream that $what mid-stream ends the stream with an error',
      async ({ fault }) => {
        const agent = agentFor(fault);
        const content = `Please: ${fault}.`;
        const onText = (text: string) => void (text.includes('Begun') && upstream.cut());
        const [reply] = await Promise.all([
          call(gateway, callerKey, { model: agent, content, stream: true, onText }),
          expectEchoAnswers(gateway),
        ]);
        expect(reply.status).toBe(200);
        expect(reply.content).toBe('Begun');
        expect(reply.error?.code).toMatch(/^upstream_(error|timeout)$/);
        expect(reply.text).toMatch(/\n\ndata: \[DONE\]\n\n$/);
        expectNoInsides(reply.text);
        expect(upstream.callsFor(fault)).toBeGreaterThan(0);
        expect(await until('the line of the log', modelLog(agent))).toContain('upstream=');
      },
    );
  });
}
