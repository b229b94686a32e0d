/**
 * Measures one gateway whose callers bring tools of their own: CPU time of the gateway and its worker for a run that is
 * offered them and calls none, beside the same run without; and for a call of one with its result and the answer, beside two
 * requests of the same size to an agent that is offered none. Prints Markdown. Linux only.
 * `node bench/formats/compare-client-tools.ts`; `ROUNDS`, `COUNT`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

const agentText = (mode: string, ofAgent: string) => `
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
export const __gateway__ = { client_tools: '${mode}' };
const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => 'It is sunny in ' + city + '.',
});
export const agent = new Agent({
  name: 'Bench', instructions: 'Use get_weather.', model: 'bench-model', ${ofAgent}
});
`;

/** Agent → its text. */
const agents = {
  offered: agentText('forward', 'tools: [getWeather],'),
  asks: agentText('forward', 'tools: [],'),
  ends: agentText('ignore', `tools: [getWeather], toolUseBehavior: 'stop_on_first_tool',`),
} as const;

const toolOf = (name: string) => ({
  type: 'function',
  function: {
    name,
    description: 'Reads a file or a folder of the project, or a part of it, and gives its lines.',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'The path of the file, from the root.' },
        offset: { type: 'integer', minimum: 0, description: 'The line to begin with.' },
        limit: { type: 'integer', minimum: 0, description: 'How many lines to read.' },
      },
      required: ['path'],
    },
  },
});
const eight = Array.from({ length: 8 }, (_, index) => toolOf(`read_${index}`));
/** The one among them that the mock upstream calls. */
const withTheOne = [...eight.slice(1), toolOf('get_weather')];

type Message = { readonly role: string; readonly [field: string]: unknown };

let asked = 0;
/** Each is another, as a run that waits is found by its conversation. */
function question(): Message {
  asked += 1;
  return { role: 'user', content: `What is the weather in Paris, for the ${asked}. time?` };
}

/** The conversation after the result of a call. */
function withResult(first: Message, id: string): readonly Message[] {
  const weather = { name: 'get_weather', arguments: '{"city":"Paris"}' };
  return [
    first,
    { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: weather }] },
    { role: 'tool', tool_call_id: id, content: 'It is sunny in Paris.' },
  ];
}

const steps: readonly { readonly name: string; readonly work: (to: Target) => Promise<unknown> }[] =
  [
    {
      name: 'a run of two calls of the model, without tools of the caller',
      work: (to) => ask(to, { model: 'offered', messages: [question()] }, 'word0'),
    },
    {
      name: 'the same with eight of them, which it does not call',
      work: (to) => ask(to, { model: 'offered', messages: [question()], tools: eight }, 'word0'),
    },
    {
      name: 'two requests to an agent that leaves the eight out: a call of its own tool, then an answer',
      work: async (to) => {
        const first = question();
        await ask(to, { model: 'ends', messages: [first], tools: withTheOne }, 'sunny');
        await ask(
          to,
          { model: 'ends', messages: withResult(first, `own_${asked}`), tools: withTheOne },
          'word0',
        );
      },
    },
    {
      name: 'the same two where the call is the caller’s: it is kept, and its result goes on',
      work: async (to) => {
        const first = question();
        const answer = await ask(
          to,
          { model: 'asks', messages: [first], tools: withTheOne },
          '"tool_calls"',
        );
        const id = /"id":"(call_\d+)"/.exec(answer)?.[1] ?? '';
        await ask(
          to,
          { model: 'asks', messages: withResult(first, id), tools: withTheOne },
          'word0',
        );
      },
    },
  ];

const project = mkdtempSync(join(tmpdir(), 'dropgate-client-tools-'));
for (const [name, text] of Object.entries(agents)) {
  mkdirSync(join(project, 'src/agents', name), { recursive: true });
  writeFileSync(join(project, 'src/agents', name, 'agent.ts'), text);
}
const upstream = await startScript([join(import.meta.dirname, '../upstream/mock-upstream.ts')], {
  env: { DELTAS: '5', PACE_MS: '0' },
});
const dispatcher = new Agent({ connections: concurrency, pipelining: 1 });
try {
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
    OPENAI_API_KEY: 'bench-upstream-key',
  };
  const { server, target } = await startGatewayIn(project, { name: 'gateway', env });
  try {
    const cpuMs = steps.map((): number[] => []);
    // The first round warms, and counts for nothing.
    for (let round = -1; round < rounds; round += 1) {
      for (const at of steps.keys()) {
        const index = (at + round + steps.length) % steps.length;
        const spent = await measure(target, server.pid, index);
        if (round >= 0) cpuMs[index]?.push(spent);
      }
    }
    process.stdout.write(`${table(cpuMs)}\n`);
  } finally {
    await stop(server);
  }
} finally {
  await dispatcher.close();
  await stop(upstream);
  rmSync(project, { recursive: true, force: true });
}

/** @returns Milliseconds of CPU each time. */
async function measure(target: Target, pid: number, index: number): Promise<number> {
  const before = treeCpuMs(pid);
  let left = count;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await steps[index]?.work(target);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  return (treeCpuMs(pid) - before) / count;
}

type Body = {
  readonly model: keyof typeof agents;
  readonly messages: readonly Message[];
  readonly tools?: readonly object[];
};

async function ask({ url, headers }: Target, body: Body, wanted: string): Promise<string> {
  const answer = await request(`${url}/v1/chat/completions`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200 || !text.includes(wanted)) throw new Error(text);
  return text;
}

function table(cpuMs: readonly (readonly number[])[]): string {
  const lines = steps.map(({ name }, index) => {
    const own = cpuMs[index] ?? [];
    const base = cpuMs[index - (index % 2)] ?? [];
    const ratios = own
      .map((each, round) => each / (base[round] ?? Number.NaN))
      .toSorted((a, b) => a - b);
    const middle = quantile(
      own.toSorted((a, b) => a - b),
      0.5,
    ).toFixed(2);
    const spread = `${ratios[0]?.toFixed(2)}–${ratios.at(-1)?.toFixed(2)}`;
    return `| ${name} | ${middle} | ${quantile(ratios, 0.5).toFixed(2)} | ${spread} |`;
  });
  return [
    `| whole, concurrency ${concurrency}, ${rounds} rounds of ${count} | CPU ms | ratio | of the rounds |`,
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
