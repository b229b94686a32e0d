/**
 * Measures what authentication, decisions and logging cost of a run: their share of the CPU by profile, and CPU by number
 * of rules and kind of key; and how much longer a start takes in a sandbox. Prints Markdown. Linux only (reads /proc).
 * `node bench/security.ts [shares] [rules] [sandbox]`, all without arguments; `ROUNDS`, `PAIRS`; `FILES=40` lists the
 * busiest files of the gateway as well.
 */
import { join } from 'node:path';
import { load } from './load.ts';
import { startScript, stop } from './processes.ts';
import type { Attribution } from './security/attribute-profile.ts';
import { ruleTable } from './security/rule-table.ts';
import { sandboxTable } from './security/sandbox-starts.ts';
import { startSecuredGateway } from './security/secured-gateway.ts';
import { type ShareOptions, shareTable } from './security/share-table.ts';

const rounds = Number(process.env.ROUNDS ?? 7);
const pairs = Number(process.env.PAIRS ?? 40);
const listedFiles = Number(process.env.FILES ?? 0);
const wanted = process.argv.slice(2);

const upstream = await startScript([join(import.meta.dirname, 'upstream/mock-upstream.ts')], {
  env: { DELTAS: '50' },
});
const upstreamEnv = {
  OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
  OPENAI_API_KEY: 'bench-upstream-key',
};
try {
  if (isWanted('shares')) await measureShares();
  if (isWanted('sandbox')) print(await sandboxTable(pairs));
  if (isWanted('rules')) print(await ruleTable({ upstreamEnv, count: 300, rounds }));
} finally {
  await stop(upstream);
}

async function measureShares(): Promise<void> {
  const gateway = await startSecuredGateway(upstreamEnv);
  const common = { rounds, inspect: printFiles };
  const shapes: readonly Omit<ShareOptions, keyof typeof common>[] = [
    { stream: false, count: 800, key: 'free' },
    { stream: true, count: 600, key: 'free' },
    { stream: false, count: 800, key: 'limited' },
  ];
  try {
    for (const { stream, key } of shapes) {
      await load(gateway[key], { count: 400, concurrency: 8, stream });
    }
    for (const shape of shapes) print(await shareTable(gateway, { ...common, ...shape }));
  } finally {
    await gateway.stop();
  }
}

function printFiles(samples: Attribution): void {
  if (listedFiles === 0) return;
  const busy = [...samples.values()].reduce((sum, count) => sum + count, 0);
  const busiest = [...samples].toSorted(([, a], [, b]) => b - a).slice(0, listedFiles);
  const lines = busiest.map(([file, count]) => `${((count / busy) * 100).toFixed(2)} % ${file}`);
  print(lines.join('\n'));
}

function isWanted(name: string): boolean {
  return wanted.length === 0 || wanted.includes(name);
}

function print(text: string): void {
  process.stdout.write(`${text}\n\n`);
}
