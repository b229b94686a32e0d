/**
 * Measures Dropgate beside other servers of agents: each serves the same two agents on the same mock upstream, and rounds
 * visit them in turn. `node bench/peers/install.ts` installs them before. Linux only (reads /proc).
 *
 * `node bench/peers.ts` takes about twenty minutes (`ROUNDS`; `SHARE=0.1` of its times for a look), writes `bench/results/peers.json`, the charts beside
 * it and the tables of `bench/README.md`. With names of peers it measures only those and writes nothing.
 * `node bench/peers.ts quick [peer…]` takes two minutes at most, with as many as fit, writes nothing, and ends with 1
 * where Dropgate's CPU against the limit is more than 1.5 times what the committed file says.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { commit, machine, versions } from './all/machine.ts';
import { format } from './all/page.ts';
import { writeReport } from './all/report.ts';
import { deltas, type Events, untilReady } from './peers/ask-peer.ts';
import { type Peer, peers } from './peers/catalog.ts';
import {
  measureRounds,
  memoryOf,
  type Plan,
  resultsOf,
  type Warmed,
  warmUp,
} from './peers/measure.ts';
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
const readyWithinMs = isQuick ? 20_000 : 120_000;
const judgedSeconds = 8;
/** Of a visit in the full form; the upstream alone takes half a second for a paced run. */
const share = Number(process.env.SHARE ?? 1);
const fullSeconds = {
  whole_16: 2 * share,
  streamed_16: 2 * share,
  paced_16: 2 * share,
  whole_64: 1.5 * share,
  streamed_64: 1.5 * share,
  whole_1: 1.2 * share,
};
const fullRounds = Number(process.env.ROUNDS ?? 5);
type Skipped = { title: string; message: string };
type Ready = { running: Running; readyMs: number; events: Events };

await main();

async function main(): Promise<void> {
  const before = machine();
  const upstream = await startScript(['bench/upstream/mock-upstream.ts'], {
    cwd: `${import.meta.dirname}/..`,
    env: { DELTAS: String(deltas), PACE_MS: '10' },
  });
  const upstreamUrl = `http://127.0.0.1:${upstream.firstLine}`;
  const skipped: Skipped[] = [];
  const ready: Ready[] = [];
  try {
    const starts = new Map<Peer, Promise<Start>>();
    for (const [at, peer] of wanted.entries()) {
      // What is quick has the next one start while this one gets ready.
      for (const one of wanted.slice(at, isQuick ? at + 2 : at + 1)) {
        if (!starts.has(one)) starts.set(one, start(one, upstreamUrl));
      }
      const one = await bring(peer, starts.get(peer), upstreamUrl).catch((error: Error) => {
        skipped.push({ title: peer.title, message: error.message });
        console.error(`✗ ${peer.title}: ${error.message}`);
      });
      if (one) ready.push(one);
    }
    const results = await measure(ready, skipped, before);
    tell(results);
  } finally {
    await Promise.all(ready.map(({ running }) => running.stop()));
    await stop(upstream);
  }
}

type Start = { readonly running: Running; readonly startedMs: number } | { readonly failed: Error };

async function start(peer: Peer, upstreamUrl: string): Promise<Start> {
  const startedMs = performance.now();
  try {
    const upstream = { url: `${upstreamUrl}/v1`, key: 'bench-upstream-key' };
    return { running: await startPeer(peer, upstream), startedMs };
  } catch (error) {
    return { failed: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function bring(
  peer: Peer,
  starting: Promise<Start> | undefined,
  upstreamUrl: string,
): Promise<Ready> {
  const started = await starting;
  if (!started || 'failed' in started) throw started?.failed ?? new Error('It was not started.');
  const { running, startedMs } = started;
  try {
    if (isQuick && Date.now() - beganMs > 0.55 * minute && !always.includes(peer.name)) {
      throw new Error('There was no time left for it.');
    }
    const events = await untilReady(running, upstreamUrl, readyWithinMs);
    const readyMs = Math.round(performance.now() - startedMs);
    console.error(`✓ ${peer.title}: ready after ${readyMs} ms`);
    return { running, readyMs, events };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** What fits into the time: of the quick form, a second or less for each. */
function planFor(count: number): Plan {
  if (!isQuick) {
    return {
      rounds: fullRounds,
      seconds: fullSeconds,
      warmUp: { runs: 3000, seconds: 20 * share },
      endsAtMs: beganMs + 25 * minute,
    };
  }
  const leftSeconds = (beganMs + 1.4 * minute - Date.now()) / 1000 - 2 * judgedSeconds;
  const forEach = leftSeconds / count;
  const visit = Math.max(0.3, Math.min(1, forEach / 12));
  return {
    rounds: 2,
    seconds: { whole_16: visit, streamed_16: visit, whole_1: visit },
    warmUp: { runs: 3000, seconds: Math.max(1, forEach / 3) },
    endsAtMs: beganMs + 1.25 * minute,
  };
}

async function measure(
  ready: readonly Ready[],
  skipped: readonly Skipped[],
  before: Results['machine'],
): Promise<Results> {
  const plan = planFor(ready.length);
  const warmed = new Map<Running, Warmed>();
  for (const { running } of ready) {
    // What the quick form judges is warmed longer than what it only shows.
    const isJudged = isQuick && always.includes(running.peer.name);
    const longer = { ...plan, warmUp: { runs: 3000, seconds: judgedSeconds } };
    warmed.set(running, await warmUp(running, isJudged ? longer : plan));
    console.error(`✓ ${running.peer.title}: ${warmed.get(running)?.runs} runs to warm it`);
  }
  let rounds = 0;
  const all = ready.map(({ running }) => running);
  const visits = await measureRounds(warmed, plan, (round) => {
    rounds = round;
    console.error(`✓ round ${round} of ${plan.rounds}`);
  });
  const beside = (peer: Peer) => {
    const name = peer.language === 'Python' ? 'dropgate-python' : 'dropgate';
    const other = all.find((running) => running.peer.name === name);
    return other ? (visits.get(other) ?? null) : null;
  };
  const results = ready.map(({ running, readyMs, events }): PeerResult => {
    const { peer } = running;
    const own = { visits: visits.get(running), warmed: warmed.get(running) };
    if (!own.visits || !own.warmed) throw new Error(`${peer.title} was not visited.`);
    return {
      name: peer.name,
      title: peer.title,
      language: peer.language,
      is_model_proxy: peer.isModelProxy ?? false,
      versions: versionsOf(peer),
      ready_ms: readyMs,
      events_with_text: events.together,
      events_with_text_paced: events.paced,
      warmed: { runs: own.warmed.runs, seconds: own.warmed.seconds },
      shapes: resultsOf(own.visits, beside(peer)),
      memory: memoryOf(running.pid),
    };
  });
  return {
    measured_at: new Date().toISOString(),
    command: ['node bench/peers.ts', ...process.argv.slice(2)].join(' '),
    commit: commit(),
    machine: before,
    versions: versions(),
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
  if (named.length > 0) return;
  mkdirSync(dirname(resultsFile), { recursive: true });
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  format([resultsFile]);
  writeReport();
}
