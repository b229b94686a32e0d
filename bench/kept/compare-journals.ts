/**
 * Measures gateways whose journal keeps nothing, steps, or contents, in interleaved rounds: CPU of gateway and worker, and
 * what a run takes in the database. Prints Markdown. Linux only (reads /proc). `node bench/kept/compare-journals.ts`;
 * `ROUNDS`, `COUNT`, `WARM` (runs of each before).
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Contestant } from '../contest.ts';
import { startGatewayIn } from '../contestants.ts';
import { startScript, stop } from '../processes.ts';
import { compare, warmAll } from './compare.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const count = Number(process.env.COUNT ?? 600);
const warm = Number(process.env.WARM ?? 3000);
const levels = ['off', 'steps', 'contents'] as const;

const folder = mkdtempSync(join(tmpdir(), 'dropgate-journals-'));
const upstream = await startScript([join(import.meta.dirname, '../upstream/mock-upstream.ts')], {
  env: { DELTAS: '50' },
});
const gateways: Contestant[] = [];
try {
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
    OPENAI_API_KEY: 'bench-upstream-key',
  };
  for (const name of levels) {
    const settings = `runs: { record: ${name} }\n`;
    gateways.push(await startGatewayIn(join(folder, name), { name, env, settings }));
  }
  await warmAll(gateways, warm);
  for (const stream of [false, true]) {
    const shape = { stream, concurrency: 16, count };
    print(await compare(gateways, shape, { rounds, head: 'journal' }));
  }
} finally {
  for (const { server } of gateways) await stop(server);
  await stop(upstream);
}
try {
  print(sizes());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** By the database of each, whose gateway has ended, and the runs that it was asked for. */
function sizes(): string {
  const runs = warm + 2 * rounds * count;
  const bytes = levels.map((level) => {
    const file = join(folder, level, '.dropgate/gateway.db');
    // What is in the log of SQLite belongs into its file.
    const store = new DatabaseSync(file);
    store.exec('pragma wal_checkpoint(truncate); vacuum');
    store.close();
    return statSync(file).size;
  });
  const [off = 0] = bytes;
  return [
    `| journal, database after ${runs} runs | MB | bytes a run more than off |`,
    '| --- | --- | --- |',
    ...levels.map((level, at) => {
      const size = bytes[at] ?? 0;
      return `| ${level} | ${(size / 1e6).toFixed(1)} | ${((size - off) / runs).toFixed(0)} |`;
    }),
  ].join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n\n`);
}
