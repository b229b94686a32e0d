import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { privateMb, tree, treeCpuMs } from '../processes.ts';
import { quantile } from '../quantile.ts';
import { askFor, type Sample, type Shape } from './ask-peer.ts';
import type { PeerResult, ShapeName, ShapeResult, Spread } from './results.ts';
import { shapeNames } from './results.ts';
import type { Running } from './start-peer.ts';

/** How long things take. */
export type Plan = {
  readonly rounds: number;
  /** Of a visit: what is not named is not measured. */
  readonly seconds: Readonly<Partial<Record<ShapeName, number>>>;
  /** Until one of them is reached. */
  readonly warmUp: { readonly runs: number; readonly seconds: number };
  /** Unix ms at which no further round begins. */
  readonly endsAtMs: number;
};

const shapes: Readonly<Record<ShapeName, Shape>> = {
  whole_16: { kind: 'whole', concurrency: 16 },
  streamed_16: { kind: 'streamed', concurrency: 16 },
  paced_16: { kind: 'paced', concurrency: 16 },
  whole_64: { kind: 'whole', concurrency: 64 },
  streamed_64: { kind: 'streamed', concurrency: 64 },
  whole_1: { kind: 'whole', concurrency: 1 },
};
/** What a server does behind its last answer, such as a journal, is its work too. */
const settleMs = 150;

type Visit = Sample & { readonly cpuMs: number };
type Visits = Partial<Record<ShapeName, Visit[]>>;

/** What `warmUp` took, and for what a peer is too slow by what it did meanwhile. */
export type Warmed = PeerResult['warmed'] & { readonly tooSlowFor: readonly ShapeName[] };

/** Who would take longer for a run with 64 at a time is not asked for as many. */
export const mostSecondsOfRun = 2;

/** Runs both agents of a peer until its code is warm. */
export async function warmUp(running: Running, { warmUp: limit }: Plan): Promise<Warmed> {
  let runs = 0;
  let seconds = 0;
  const tooSlowFor: ShapeName[] = [];
  for (const name of ['whole_16', 'streamed_16'] as const) {
    const half = { runs: limit.runs / 2, seconds: limit.seconds / 2 };
    const sample = await askFor(running, shapes[name], half);
    runs += sample.latenciesMs.length;
    seconds += sample.seconds;
    const many = name === 'whole_16' ? 'whole_64' : 'streamed_64';
    const secondsOfRun = (shapes[many].concurrency * sample.seconds) / sample.latenciesMs.length;
    if (secondsOfRun > mostSecondsOfRun) tooSlowFor.push(many);
  }
  return { runs, seconds: rounded(seconds), tooSlowFor };
}

/** Visits all in turn, round by round; every other round in the other direction. */
export async function measureRounds(
  all: ReadonlyMap<Running, Warmed>,
  plan: Plan,
  onRound: (round: number) => void,
): Promise<ReadonlyMap<Running, Visits>> {
  const visits = new Map([...all.keys()].map((running): [Running, Visits] => [running, {}]));
  for (let round = 0; round < plan.rounds && Date.now() < plan.endsAtMs; round += 1) {
    const order = [...visits];
    for (const [running, own] of round % 2 === 0 ? order : order.toReversed()) {
      for (const name of shapeNames) {
        const seconds = plan.seconds[name];
        if (seconds === undefined || all.get(running)?.tooSlowFor.includes(name)) continue;
        own[name] = [...(own[name] ?? []), await visit(running, shapes[name], seconds)];
      }
    }
    onRound(round + 1);
  }
  return visits;
}

async function visit(running: Running, shape: Shape, seconds: number): Promise<Visit> {
  const before = treeCpuMs(running.pid);
  const sample = await askFor(running, shape, { seconds });
  await wait(settleMs);
  return { ...sample, cpuMs: treeCpuMs(running.pid) - before };
}

/** The figures of one, against those of another that was visited in the same rounds. */
export function resultsOf(own: Visits, dropgate: Visits | null): PeerResult['shapes'] {
  const results = shapeNames.flatMap((name) => {
    const visits = own[name];
    return visits ? [[name, shapeResult(visits, dropgate?.[name] ?? null)] as const] : [];
  });
  return Object.fromEntries(results);
}

function shapeResult(own: readonly Visit[], beside: readonly Visit[] | null): ShapeResult {
  const spread = (pick: (visit: Visit) => number) => spreadOf(own.map(pick));
  const ratio = (pick: (visit: Visit) => number) =>
    spreadOf(
      own.flatMap((visit, round) => {
        const other = beside?.[round];
        return other ? pick(visit) / pick(other) : [];
      }),
    );
  const isStreamed = own.some(({ firstTextMs }) => firstTextMs.length > 0);
  return {
    runs: own.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0),
    errors: own.reduce((sum, { errors }) => sum + errors, 0),
    first_error: own.find(({ firstError }) => firstError !== null)?.firstError ?? null,
    runs_per_second: spread(runsPerSecond),
    cpu_ms_per_run: spread(cpuMsPerRun),
    p50_ms: spread(({ latenciesMs }) => quantile(latenciesMs, 0.5)),
    p99_ms: spread(({ latenciesMs }) => quantile(latenciesMs, 0.99)),
    first_text_p50_ms: isStreamed ? spread(({ firstTextMs }) => quantile(firstTextMs, 0.5)) : null,
    to_dropgate: beside ? { cpu: ratio(cpuMsPerRun), runs: ratio(runsPerSecond) } : null,
  };
}

function runsPerSecond({ latenciesMs, seconds }: Visit): number {
  return latenciesMs.length / seconds;
}

function cpuMsPerRun({ latenciesMs, cpuMs }: Visit): number {
  return cpuMs / Math.max(1, latenciesMs.length);
}

function spreadOf(values: readonly number[]): Spread {
  return {
    median: rounded(quantile(values, 0.5)),
    least: rounded(Math.min(...values)),
    most: rounded(Math.max(...values)),
  };
}

/** Memory of all processes of a tree in MB. */
export function memoryOf(pid: number): PeerResult['memory'] {
  const pids = tree(pid);
  const sum = (of: (id: number) => number) => pids.reduce((all, id) => all + of(id), 0);
  return {
    processes: pids.length,
    private_mb: Math.round(sum(privateMb)),
    rss_mb: Math.round(sum(rssMb)),
  };
}

function rssMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Rss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
