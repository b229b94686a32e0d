/**
 * Measures Dropgate beside other servers of agents: each serves the same two agents on the same mock upstream, and rounds
 * visit them in turn. `node bench/peers/install.ts` installs them before. Linux only (reads /proc).
 *
 * `node bench/peers.ts [peer…]` takes about a quarter of an hour for all, writes `bench/results/peers.json`, the charts
 * beside it and the tables of `bench/README.md`. `node bench/peers.ts quick [peer…]` takes two minutes at most, writes
 * nothing, and ends with 1 where Dropgate's CPU against the limit is more than 1.5 times what the committed file says.
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { untilReady } from './peers/ask-peer.ts';
import { type Peer, peers } from './peers/catalog.ts';
import { machine } from './peers/machine.ts';
import {
  measureRounds,
  memoryOf,
  type Plan,
  resultsOf,
  type Warmed,
  warmUp,
} from './peers/measure.ts';
import { writeReport } from './peers/report.ts';
import { type PeerResult, type Results, readResults, resultsFile } from './peers/results.ts';
import { type Running, startPeer, versionsOf } from './peers/start-peer.ts';
import { tables } from './peers/tables.ts';
import { worseThanCommitted } from './peers/worse.ts';
import { startScript, stop } from './processes.ts';

const [first, ...rest] = process.argv.slice(2);
const isQuick = first === 'quick';
const named = isQuick ? rest : process.argv.slice(2);
const unknown = named.find((name) => !peers.some((peer) => peer.name === name));
if (unknown) {
  throw new Error(
    `There is no peer ${unknown}; there are ${peers.map(({ name }) => name).join(', ')}.`,
  );
}
/** What the others are compared with is always there. */
const always = ['limit', 'dropgate'];
const wanted = peers.filter(
  ({ name }) => named.length === 0 || named.includes(name) || always.includes(name),
);
const beganMs = Date.now();
const minute = 60_000;
const readyWithinMs = isQuick ? 30_000 : 120_000;
type Skipped = { title: string; message: string };
type Ready = { running: Running; readyMs: number; eventsWithText: number };

await main();

async function main(): Promise<void> {
  const loadBefore = loadavg()[0] ?? 0;
  const upstream = await startScript(['bench/upstream/mock-upstream.ts'], {
    cwd: `${import.meta.dirname}/..`,
    env: { DELTAS: '50' },
  });
  const upstreamUrl = `http://127.0.0.1:${upstream.firstLine}`;
  const skipped: Skipped[] = [];
  const ready: Ready[] = [];
  try {
    for (const peer of wanted) {
      const one = await bring(peer, upstreamUrl).catch((error: Error) => {
        skipped.push({ title: peer.title, message: error.message });
        console.error(`✗ ${peer.title}: ${error.message}`);
      });
      if (one) ready.push(one);
    }
    const results = await measure(ready, skipped, loadBefore);
    tell(results);
  } finally {
    for (const { running } of ready) await running.stop();
    await stop(upstream);
  }
}

async function bring(peer: Peer, upstreamUrl: string): Promise<Ready> {
  if (isQuick && Date.now() - beganMs > 0.6 * minute && !always.includes(peer.name)) {
    throw new Error('There was no time left for it.');
  }
  const startedMs = performance.now();
  const upstream = { url: `${upstreamUrl}/v1`, key: 'bench-upstream-key' };
  const running = await startPeer(peer, upstream);
  const eventsWithText = await untilReady(running, upstreamUrl, readyWithinMs).catch(
    async (error) => {
      await running.stop();
      throw error;
    },
  );
  const readyMs = Math.round(performance.now() - startedMs);
  console.error(`✓ ${peer.title}: ready after ${readyMs} ms`);
  return { running, readyMs, eventsWithText };
}

/** What fits into the time: of the quick form, a second or less for each. */
function planFor(count: number): Plan {
  if (!isQuick) {
    return {
      rounds: 5,
      seconds: { whole_16: 2.5, streamed_16: 2.5, whole_1: 2 },
      warmUp: { runs: 3000, seconds: 20 },
      endsAtMs: beganMs + 25 * minute,
    };
  }
  const leftSeconds = (beganMs + 1.7 * minute - Date.now()) / 1000;
  const forEach = leftSeconds / count;
  const visit = Math.min(1, forEach / 12);
  return {
    rounds: 2,
    seconds: { whole_16: visit, streamed_16: visit, whole_1: visit },
    warmUp: { runs: 3000, seconds: forEach / 3 },
    endsAtMs: beganMs + 1.8 * minute,
  };
}

async function measure(
  ready: readonly Ready[],
  skipped: readonly Skipped[],
  loadBefore: number,
): Promise<Results> {
  const plan = planFor(ready.length);
  const warmed = new Map<Running, Warmed>();
  for (const { running } of ready) {
    warmed.set(running, await warmUp(running, plan));
    console.error(`✓ ${running.peer.title}: ${warmed.get(running)?.runs} runs to warm it`);
  }
  let rounds = 0;
  const all = ready.map(({ running }) => running);
  const visits = await measureRounds(all, plan, (round) => {
    rounds = round;
    console.error(`✓ round ${round} of ${plan.rounds}`);
  });
  const beside = (peer: Peer) => {
    const name = peer.language === 'Python' ? 'dropgate-python' : 'dropgate';
    const other = all.find((running) => running.peer.name === name);
    return other ? (visits.get(other) ?? null) : null;
  };
  const results = ready.map(({ running, readyMs, eventsWithText }): PeerResult => {
    const { peer } = running;
    const own = visits.get(running);
    if (!own) throw new Error(`${peer.title} was not visited.`);
    return {
      name: peer.name,
      title: peer.title,
      language: peer.language,
      is_model_proxy: peer.isModelProxy ?? false,
      versions: versionsOf(peer),
      ready_ms: readyMs,
      events_with_text: eventsWithText,
      warmed: warmed.get(running) ?? { runs: 0, seconds: 0 },
      shapes: resultsOf(own, beside(peer)),
      memory: memoryOf(running.pid),
    };
  });
  return {
    measured_at: new Date().toISOString(),
    command: ['node bench/peers.ts', ...process.argv.slice(2)].join(' '),
    machine: { ...machine(), load_average_before: loadBefore },
    rounds,
    seconds_of_a_visit: plan.seconds,
    peers: results,
    skipped,
  };
}

function tell(results: Results): void {
  console.log(tables(results));
  if (isQuick) {
    const committed = readResults();
    const worse = committed ? worseThanCommitted(results, committed) : [];
    for (const line of worse) console.error(`✗ ${line}`);
    if (!committed) console.error('There is no committed result to compare with.');
    else if (worse.length === 0) console.error('✓ no worse against the limit than committed');
    if (worse.length > 0) process.exitCode = 1;
    return;
  }
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  writeReport(results);
}
