/**
 * Measures gateways on SQLite and on a Postgres server beside them, with a key that has no limits and one that has, in
 * interleaved rounds: CPU of gateway and worker, and of Postgres. Prints Markdown. Linux only (reads /proc).
 * `node bench/kept/compare-stores.ts`; `ROUNDS`, `COUNT`, `WARM` (runs of each before). Postgres is that of `TEST_PG_URL`,
 * whose CPU is not seen then, else one that is started here and does not wait for the disk, as SQLite does not.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../packages/gateway/test/support/postgres.ts';
import { startGatewayIn } from '../contestants.ts';
import { startScript, stop, tree, treeCpuMs } from '../processes.ts';
import { type Compared, compare, warmAll } from './compare.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const count = Number(process.env.COUNT ?? 400);
const warm = Number(process.env.WARM ?? 3000);

/** It never comes near them. */
const limits = [
  '--requests-per-minute=10000000',
  '--concurrent-runs=1000',
  '--tokens-per-day=100000000000',
  '--tokens-per-month=100000000000',
];

const postgres = await startPostgres();
if ('missing' in postgres) throw new Error(postgres.missing);
const postgresPid = tree(process.pid)[1];
const otherCpuMs = () => (postgresPid === undefined ? 0 : treeCpuMs(postgresPid));
const folder = mkdtempSync(join(tmpdir(), 'dropgate-stores-'));
const upstream = await startScript([join(import.meta.dirname, '../upstream/mock-upstream.ts')], {
  env: { DELTAS: '50' },
});
const gateways: Compared[] = [];
try {
  for (const store of ['SQLite', 'Postgres'] as const) {
    for (const key of ['no limits', 'limits'] as const) gateways.push(await start(store, key));
  }
  await warmAll(gateways, warm);
  for (const shape of [
    { stream: false, concurrency: 16, count },
    { stream: true, concurrency: 16, count },
    { stream: false, concurrency: 1, count: Math.ceil(count / 4) },
  ]) {
    const table = await compare(gateways, shape, { rounds, head: 'store and key' });
    process.stdout.write(`${table}\n\n`);
  }
} finally {
  for (const { server } of gateways) await stop(server);
  await stop(upstream);
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function start(store: 'SQLite' | 'Postgres', key: 'limits' | 'no limits'): Promise<Compared> {
  const name = `${store}, key with ${key}`;
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
    OPENAI_API_KEY: 'bench-upstream-key',
  };
  const own = { name, env, limits: key === 'limits' ? limits : [] };
  const project = join(folder, `${store}-${key.replace(' ', '-')}`);
  if (store === 'SQLite' || 'missing' in postgres) return startGatewayIn(project, own);
  const settings = `store_url: ${await postgres.newDatabase()}\n`;
  return { ...(await startGatewayIn(project, { ...own, settings })), otherCpuMs };
}
