/**
 * Measures one gateway asked over chat completions, over Responses that are not kept, and over those that are, in turn: CPU
 * time of the gateway and its worker, as ratios to chat completions of the same round. Prints Markdown. Linux only.
 * `node bench/formats/compare-formats.ts`; `ROUNDS`, `COUNT`, `DELTAS`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { startGatewayIn } from '../contestants.ts';
import type { Target } from '../load.ts';
import { startScript, stop, treeCpuMs } from '../processes.ts';
import { quantile } from '../quantile.ts';

const rounds = Number(process.env.ROUNDS ?? 7);
const count = Number(process.env.COUNT ?? 600);
const deltas = process.env.DELTAS ?? '50';
const concurrency = 16;

type Format = { readonly name: string; readonly path: string; readonly body: object };

const question = 'What is the weather in Paris?';
const formats: readonly Format[] = [
  {
    name: 'chat completions',
    path: '/v1/chat/completions',
    body: { messages: [{ role: 'user', content: question }] },
  },
  { name: 'Responses, not kept', path: '/v1/responses', body: { input: question, store: false } },
  { name: 'Responses, kept', path: '/v1/responses', body: { input: question } },
];

const project = mkdtempSync(join(tmpdir(), 'dropgate-formats-'));
const upstream = await startScript([join(import.meta.dirname, '../upstream/mock-upstream.ts')], {
  env: { DELTAS: deltas, PACE_MS: '0' },
});
try {
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
    OPENAI_API_KEY: 'bench-upstream-key',
  };
  const { server, target } = await startGatewayIn(project, { name: 'gateway', env });
  try {
    for (const stream of [false, true]) process.stdout.write(`${await measure(stream)}\n\n`);
  } finally {
    await stop(server);
  }

  async function measure(stream: boolean): Promise<string> {
    for (const format of formats) await ask(target, format, { stream, times: 1500 });
    const cpuMs = formats.map((): number[] => []);
    for (let round = 0; round < rounds; round += 1) {
      const order = [...formats.keys()].map((index) => (index + round) % formats.length);
      for (const index of order) {
        const format = formats[index];
        if (!format) continue;
        const before = treeCpuMs(server.pid);
        await ask(target, format, { stream, times: count });
        cpuMs[index]?.push((treeCpuMs(server.pid) - before) / count);
      }
    }
    return table(stream, cpuMs);
  }
} finally {
  await stop(upstream);
  rmSync(project, { recursive: true, force: true });
}

async function ask(
  { url, headers, model }: Target,
  { path, body }: Format,
  { stream, times }: { readonly stream: boolean; readonly times: number },
): Promise<void> {
  const dispatcher = new Agent({ connections: concurrency, pipelining: 1 });
  let left = times;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await request(`${url}${path}`, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model, stream, ...body }),
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200 || !text.includes('word0')) throw new Error(text);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  await dispatcher.close();
}

function table(stream: boolean, cpuMs: readonly (readonly number[])[]): string {
  const [chat = []] = cpuMs;
  const lines = formats.map(({ name }, index) => {
    const own = cpuMs[index] ?? [];
    const ratios = own.map((each, round) => each / (chat[round] ?? Number.NaN));
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const ratio = quantile(
      ratios.toSorted((a, b) => a - b),
      0.5,
    ).toFixed(2);
    const middle = quantile(
      own.toSorted((a, b) => a - b),
      0.5,
    ).toFixed(2);
    return `| ${name} | ${middle} | ${ratio} | ${spread} |`;
  });
  return [
    `| ${stream ? `streamed (${deltas} deltas)` : 'whole'}, concurrency ${concurrency} | CPU ms per run | ratio | of the rounds |`,
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
