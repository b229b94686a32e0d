import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Contestant, Shape } from '../contest.ts';
import { load } from '../load.ts';
import { tree } from '../processes.ts';
import { gatewayParts, sharesOf, workerParts } from './parts-of-run.ts';
import { startedWith, threadCpu } from './thread-cpu.ts';

/** How long a profile may take to be written. */
const patienceMs = 30_000;

/**
 * What the parts of Dropgate take of a run's CPU, as a table. CPU is measured without a profile, shares with one.
 *
 * @param folder - Where the profiles of its processes are written: see `profile-on-signal.ts`.
 */
export async function splitRun(
  { server, target }: Contestant,
  shape: Shape,
  folder: string,
): Promise<string> {
  // A spare has no agent, and so no profiler: the signal would end it.
  const isProfiled = (pid: number) => startedWith(pid).includes('profile-on-signal');
  const [gateway, worker] = tree(server.pid).filter(isProfiled);
  if (gateway === undefined || worker === undefined) throw new Error('There is no worker.');
  const pids = [gateway, worker] as const;
  const before = pids.map(threadCpu);
  await load(target, shape);
  const spent = pids.map((pid, at) => {
    const { main, helpers } = threadCpu(pid);
    const since = before[at] ?? { main: 0, helpers: 0 };
    return {
      main: (main - since.main) / shape.count,
      helpers: (helpers - since.helpers) / shape.count,
    };
  });
  for (const pid of pids) process.kill(pid, 'SIGUSR2');
  await load(target, shape);
  for (const pid of pids) process.kill(pid, 'SIGUSR2');
  const all = spent.reduce((sum, { main, helpers }) => sum + main + helpers, 0);
  const row = (place: string, part: string, micros: number) =>
    `| ${place} | ${part} | ${micros.toFixed(0)} | ${((micros / all) * 100).toFixed(0)} % |`;
  const lines: string[] = [];
  for (const [at, parts] of [gatewayParts, workerParts].entries()) {
    const place = at === 0 ? 'gateway' : 'worker';
    const { main = 0, helpers = 0 } = spent[at] ?? {};
    const profile = await profileOf(folder, pids[at] ?? 0);
    for (const [part, share] of sharesOf(profile, parts)) {
      lines.push(row(place, part, share * main));
    }
    lines.push(row(place, 'helpers of V8: collectors, compilers', helpers));
    lines.push(row(place, '**all of it**', main + helpers));
  }
  const kind = shape.stream ? 'streamed (50 deltas)' : 'whole';
  return [
    `| ${kind}, concurrency ${shape.concurrency} | part | CPU µs a run | of the run |`,
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

async function profileOf(folder: string, pid: number): Promise<Profiler.Profile> {
  const path = join(folder, `${pid}.json`);
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (text.endsWith('}')) {
      rmSync(path);
      return JSON.parse(text) as Profiler.Profile;
    }
    if (performance.now() > untilMs) throw new Error('No profile was written.');
    await setTimeout(100);
  }
}
