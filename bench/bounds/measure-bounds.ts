/**
 * Measures what bounds a run: `bare-server.ts`, the least that two processes can do (`two-process-server.ts`) and Dropgate,
 * with one agent, one mock upstream and in turn; then which parts of Dropgate take what of a run. Prints Markdown. Linux only
 * (reads /proc). `ROUNDS`; `SCALE`, of which 0.2 makes a quick run of it; `SHAPES`, how many of the four are measured.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Contestant, Shape } from '../contest.ts';
import { startGateway } from '../contestants.ts';
import { load } from '../load.ts';
import { startScript, stop } from '../processes.ts';
import { contestBounds } from './contest-bounds.ts';
import { splitRun } from './split-run.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const scale = Number(process.env.SCALE ?? 1);
const here = import.meta.dirname;

const shape = (stream: boolean, concurrency: number, count: number): Shape => ({
  stream,
  concurrency,
  count: Math.ceil(count * scale),
});
const shapes = [
  shape(false, 16, 800),
  shape(true, 16, 600),
  shape(false, 1, 300),
  shape(true, 1, 200),
];
const measured = shapes.slice(0, Number(process.env.SHAPES ?? shapes.length));
const warmUp = [shape(false, 8, 2000), shape(true, 8, 1000)];

const folder = mkdtempSync(join(tmpdir(), 'dropgate-bounds-'));
const upstream = await startScript([join(here, '../upstream/mock-upstream.ts')], { env: {} });
const env = {
  OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
  OPENAI_API_KEY: 'bench-upstream-key',
};
const contestants: Contestant[] = [];
try {
  contestants.push(await startServer('bare, one process', '../bare-server.ts', env));
  contestants.push(await startServer('two processes', 'two-process-server.ts', env));
  const front = { ...env, MODEL_CALLS: 'front' };
  contestants.push(
    await startServer('two processes, model calls by the front', 'two-process-server.ts', front),
  );
  const dropgate = await startProfiled();
  contestants.push(dropgate);
  for (const { target } of contestants) for (const warm of warmUp) await load(target, warm);
  for (const one of measured) print(await contestBounds(contestants, one, rounds));
  for (const one of measured.slice(0, 3)) {
    print(await splitRun(dropgate, { ...one, count: one.count * 3 }, folder));
  }
} finally {
  for (const { server } of contestants) await stop(server);
  await stop(upstream);
  rmSync(folder, { recursive: true, force: true });
}

async function startServer(
  name: string,
  file: string,
  serverEnv: Record<string, string>,
): Promise<Contestant> {
  const server = await startScript([join(here, file)], { env: serverEnv });
  const target = { url: `http://127.0.0.1:${server.firstLine}`, headers: {}, model: 'bench' };
  return { name, server, target };
}

/** Dropgate with its defaults; gateway and worker can be profiled, which costs nothing until they are. */
async function startProfiled(): Promise<Contestant> {
  const preload = pathToFileURL(join(here, 'profile-on-signal.ts'));
  preload.searchParams.set('folder', folder);
  const agent = join(folder, 'src/agents/Bench');
  mkdirSync(agent, { recursive: true });
  cpSync(join(here, '../agents'), join(folder, 'src/agents'), { recursive: true });
  writeFileSync(join(agent, '.env'), `NODE_OPTIONS=--import ${preload.href}\n`);
  return {
    ...(await startGateway(folder, env, { args: ['--import', preload.href] })),
    name: 'Dropgate',
  };
}

function print(table: string): void {
  process.stdout.write(`${table}\n\n`);
}
