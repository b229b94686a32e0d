import { setTimeout as wait } from 'node:timers/promises';
import { tree } from '../processes.ts';
import { quantile } from '../quantile.ts';
import { versionedAgent } from './agent-sources.ts';
import {
  type BenchGateway,
  createBenchProject,
  rssMb,
  startBenchGateway,
  untilQuiet,
} from './bench-gateway.ts';

const parts = 5;
const pauseMs = 5;
const longParts = 40;
const longPauseMs = 25;
const openStreams = 8;
/** Requests that are not answered yet, at most: a machine that cannot keep up gets fewer, not more. */
const mostWaiting = 64;
const reloadTimeoutMs = 30_000;
/** The agent, and the spare. */
const workersAtRest = 2;

type Tally = { answered: number; lost: number; failed: number; mixed: number; stale: number };

/** Saves two agents `count` times under requests and long streams, and counts what went wrong. */
export async function measureStorm(count: number, perSecond: number): Promise<string> {
  const project = createBenchProject();
  const save = (version: number) => {
    project.write('src/agents/Stormy/agent.ts', versionedAgent(version, parts, pauseMs));
    if (version % 10 === 0) saveLong(version);
  };
  const saveLong = (version: number) =>
    project.write('src/agents/Long/agent.ts', versionedAgent(version, longParts, longPauseMs));
  save(0);
  const gateway = await startBenchGateway(project);
  const storm = startStorm(gateway, perSecond);
  const rss: number[] = [];
  const reloadMs: number[] = [];
  const startedMs = performance.now();
  try {
    for (let version = 1; version <= count; version += 1) {
      const savedMs = performance.now();
      save(version);
      while (storm.newest() < version) {
        if (performance.now() - savedMs > reloadTimeoutMs)
          throw new Error(`No version ${version}.`);
        await wait(5);
      }
      reloadMs.push(performance.now() - savedMs);
      if (version % 10 === 0) rss.push(rssMb(gateway.pid));
    }
    const seconds = (performance.now() - startedMs) / 1000;
    const tally = await storm.end();
    await untilQuiet(gateway.pid);
    await wait(1000);
    // The long agent has a worker too.
    const left = tree(gateway.pid).length - 1 - workersAtRest - 1;
    const orphans = await gateway.stop();
    return render({ count, seconds, tally, reloadMs, rss, left: Math.max(0, left) + orphans });
  } finally {
    await storm.end();
    await gateway.stop().catch(() => 0);
    project.remove();
  }
}

type Storm = { readonly newest: () => number; readonly end: () => Promise<Tally> };

function startStorm(gateway: BenchGateway, perSecond: number): Storm {
  const tally: Tally = { answered: 0, lost: 0, failed: 0, mixed: 0, stale: 0 };
  const newest = { stormy: -1, long: -1 };
  const waiting = new Set<Promise<void>>();
  let done = false;

  async function once(name: 'stormy' | 'long', stream: boolean): Promise<void> {
    const atLeast = newest[name];
    const answer = await gateway.ask(`default/${name}`, { stream }).catch(() => null);
    if (!answer) {
      tally.lost += 1;
      return;
    }
    const [version = -1, ...others] = answer.versions;
    tally.answered += 1;
    if (!answer.ok || version === -1) {
      tally.failed += 1;
      if (tally.failed <= 3) process.stderr.write(`failed: ${answer.text}\n`);
    } else if (others.length > 0) tally.mixed += 1;
    else if (version < atLeast) tally.stale += 1;
    newest[name] = Math.max(newest[name], version);
  }

  async function shortRuns(): Promise<void> {
    const startedMs = performance.now();
    for (let sent = 0; !done; ) {
      const due = ((performance.now() - startedMs) / 1000) * perSecond;
      while (sent < due) {
        sent += 1;
        if (waiting.size >= mostWaiting) continue;
        const run = once('stormy', sent % 2 === 0).finally(() => waiting.delete(run));
        waiting.add(run);
      }
      await wait(5);
    }
    await Promise.all(waiting);
  }

  async function longRuns(): Promise<void> {
    while (!done) await once('long', true);
  }

  const loops = [shortRuns(), ...Array.from({ length: openStreams }, longRuns)];
  return {
    newest: () => newest.stormy,
    async end() {
      done = true;
      await Promise.all(loops);
      return tally;
    },
  };
}

type Outcome = {
  readonly count: number;
  readonly seconds: number;
  readonly tally: Tally;
  readonly reloadMs: readonly number[];
  readonly rss: readonly number[];
  readonly left: number;
};

function render({ count, seconds, tally, reloadMs, rss, left }: Outcome): string {
  const settled = rss.slice(Math.floor(rss.length / 4));
  const rows: [string, string][] = [
    ['requests answered, a second', (tally.answered / seconds).toFixed(0)],
    ['long streams open all the time', String(openStreams)],
    ['requests answered', String(tally.answered)],
    ['lost (no answer)', String(tally.lost)],
    ['failed (an error instead of the answer)', String(tally.failed)],
    ['mixed (two versions in one answer)', String(tally.mixed)],
    ['stale (an older version than was seen before)', String(tally.stale)],
    ['save → seen, p50 / p95 ms', `${at(reloadMs, 0.5)} / ${at(reloadMs, 0.95)}`],
    ['gateway RSS, first and last MB', `${at(rss.slice(0, 1), 0)} / ${at(rss.slice(-1), 0)}`],
    ['gateway RSS slope, MB per 100 reloads', (slope(settled) * 10).toFixed(2)],
    ['workers left over', String(left)],
  ];
  return [
    `| ${count} reloads under load, ${seconds.toFixed(0)} s | |`,
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
  ].join('\n');
}

function at(values: readonly number[], share: number): string {
  return quantile(values, share).toFixed(0);
}

/** Least squares: how much the values grow from one to the next. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const above = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  const below = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  return below === 0 ? 0 : above / below;
}
