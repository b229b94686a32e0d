/**
 * Measures one gateway whose agent calls a tool that waits for a person: CPU time of the gateway and its worker for a turn
 * that is kept, beside the same one that ends with its tool; for going on with it, beside the same run without a wait; and
 * the time from an answer to the first call of the model. Prints Markdown. Linux only.
 * `node bench/formats/compare-approvals.ts`; `ROUNDS`, `COUNT`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { startGatewayIn } from '../contestants.ts';
import type { Target } from '../load.ts';
import { startScript, stop, treeCpuMs } from '../processes.ts';
import { quantile } from '../quantile.ts';

const rounds = Number(process.env.ROUNDS ?? 7);
const count = Number(process.env.COUNT ?? 300);
const concurrency = 16;
/** Answers one after another, whose times are taken. */
const timed = 100;

const agentText = (settings: string, ofTool = '') => `
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => 'It is sunny in ' + city + '.',
  ${ofTool}
});
export const agent = new Agent({
  name: 'Bench', instructions: 'Use get_weather.', model: 'bench-model', tools: [getWeather], ${settings}
});
`;

/** Agent → its text. */
const agents = {
  plain: agentText(''),
  ends: agentText(`toolUseBehavior: 'stop_on_first_tool',`),
  waits: agentText('', 'needsApproval: true,'),
} as const;

type Message = { readonly role: 'user' | 'assistant'; readonly content: string };

const steps = [
  'a turn that ends with its tool: one call of the model',
  'a turn that is kept: one call of the model',
  'going on with it: the tool, one call of the model',
  'the same run without a wait: the tool, two calls',
] as const;

const project = mkdtempSync(join(tmpdir(), 'dropgate-approvals-'));
for (const [name, text] of Object.entries(agents)) {
  mkdirSync(join(project, 'src/agents', name), { recursive: true });
  writeFileSync(join(project, 'src/agents', name, 'agent.ts'), text);
}
const upstream = await startScript([join(import.meta.dirname, '../upstream/mock-upstream.ts')], {
  env: { DELTAS: '5', PACE_MS: '0' },
});
/** When something last began to come for the model, after it was asked for. */
const firstCall: { atMs: number | null } = { atMs: null };
const relay = createServer((near) => {
  const far = connect(Number(upstream.firstLine), '127.0.0.1');
  near.on('data', () => (firstCall.atMs ??= performance.now()));
  near.pipe(far).pipe(near);
  for (const socket of [near, far]) socket.on('error', () => socket.destroy());
}).listen(0, '127.0.0.1');
await new Promise((listening) => relay.once('listening', listening));
const address = relay.address();
const port = typeof address === 'object' ? address?.port : 0;

const dispatcher = new Agent({ connections: concurrency, pipelining: 1 });
let asked = 0;
try {
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    OPENAI_API_KEY: 'bench-upstream-key',
  };
  const { server, target } = await startGatewayIn(project, { name: 'gateway', env });
  try {
    await measureRound(target, server.pid);
    const cpuMs = steps.map((): number[] => []);
    for (let round = 0; round < rounds; round += 1) {
      const spent = await measureRound(target, server.pid);
      for (const [index, ms] of spent.entries()) cpuMs[index]?.push(ms);
    }
    process.stdout.write(`${cpuTable(cpuMs)}\n\n${timeTable(await measureTimes(target))}\n`);
  } finally {
    await stop(server);
  }
} finally {
  await dispatcher.close();
  relay.close();
  await stop(upstream);
  rmSync(project, { recursive: true, force: true });
}

/** @returns Milliseconds of CPU a request, by step. */
async function measureRound(target: Target, pid: number): Promise<readonly number[]> {
  const spent = async (work: (index: number) => Promise<unknown>) => {
    const before = treeCpuMs(pid);
    let next = 0;
    const client = async () => {
      while (next < count) {
        const index = next;
        next += 1;
        await work(index);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, client));
    return (treeCpuMs(pid) - before) / count;
  };
  const kept: (readonly Message[])[] = [];
  return [
    await spent(() => ask(target, 'ends', [question()])),
    await spent(async () => kept.push(await keep(target))),
    await spent((index) => goOn(target, kept[index] ?? [])),
    await spent(() => ask(target, 'plain', [question()])),
  ];
}

/** Milliseconds from an answer, and from the question of a run that does not wait, to the first call of the model. */
async function measureTimes(target: Target): Promise<readonly (readonly number[])[]> {
  const times: [number[], number[]] = [[], []];
  for (let index = 0; index < timed; index += 1) {
    const messages = await keep(target);
    times[0].push(await untilModel(() => goOn(target, messages)));
    times[1].push(await untilModel(() => ask(target, 'plain', [question()])));
  }
  return times;
}

async function untilModel(work: () => Promise<unknown>): Promise<number> {
  firstCall.atMs = null;
  const beganMs = performance.now();
  await work();
  return (firstCall.atMs ?? Number.NaN) - beganMs;
}

/** Each is another, as a code holds where it was given. */
function question(): Message {
  asked += 1;
  return { role: 'user', content: `What is the weather in Paris, for the ${asked}. time?` };
}

/** @returns What is to be sent so that the run goes on. */
async function keep(target: Target): Promise<readonly Message[]> {
  const first = question();
  const content = await ask(target, 'waits', [first]);
  const code = /`approve ([0-9A-Z-]{9})`/.exec(content)?.[1];
  if (!code) throw new Error(`It does not wait: ${content}`);
  return [first, { role: 'assistant', content }, { role: 'user', content: `approve ${code}` }];
}

async function goOn(target: Target, messages: readonly Message[]): Promise<void> {
  const content = await ask(target, 'waits', messages);
  if (!content.includes('word0')) throw new Error(`It did not go on: ${content}`);
}

async function ask(
  { url, headers }: Target,
  model: keyof typeof agents,
  messages: readonly Message[],
): Promise<string> {
  const answer = await request(`${url}/v1/chat/completions`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages }),
  });
  type Body = { readonly choices: readonly { readonly message: { readonly content: string } }[] };
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(text);
  return (JSON.parse(text) as Body).choices[0]?.message.content ?? '';
}

function cpuTable(cpuMs: readonly (readonly number[])[]): string {
  const [ends = [], kept = [], goingOn = [], whole = []] = cpuMs;
  const minus = (one: readonly number[], other: readonly number[]) =>
    one.map((each, round) => each - (other[round] ?? Number.NaN));
  const both = kept.map((each, round) => each + (goingOn[round] ?? Number.NaN));
  return [
    `| concurrency ${concurrency}, ${rounds} rounds of ${count} | CPU ms, median | of the rounds |`,
    '| --- | --- | --- |',
    ...steps.map((name, index) => row(name, cpuMs[index] ?? [])),
    row('what keeping costs: the second less the first', minus(kept, ends)),
    row('what waiting costs in all: both halves less the whole', minus(both, whole)),
  ].join('\n');
}

function row(name: string, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const spread = `${sorted[0]?.toFixed(2)}–${sorted.at(-1)?.toFixed(2)}`;
  return `| ${name} | ${quantile(sorted, 0.5).toFixed(2)} | ${spread} |`;
}

function timeTable([goingOn = [], plain = []]: readonly (readonly number[])[]): string {
  const times = (name: string, values: readonly number[]) => {
    const sorted = values.toSorted((a, b) => a - b);
    const [p50, p95] = [0.5, 0.95].map((share) => quantile(sorted, share).toFixed(1));
    return `| ${name} | ${p50} | ${p95} |`;
  };
  return [
    `| to the first call of the model, ${timed} one after another | p50 ms | p95 ms |`,
    '| --- | --- | --- |',
    times('from the answer, the tool called between', goingOn),
    times('from a question, for comparison', plain),
  ].join('\n');
}
