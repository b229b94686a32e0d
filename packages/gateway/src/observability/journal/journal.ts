import type { Emit, EventOf, GatewayEvent } from '../../events.ts';
import type {
  JournalStore,
  RecordLevel,
  RunRecord,
  StepChunk,
} from '../../protocol/journal/journal.ts';
import { createPatientWriter } from '../patient-writer.ts';
import { createRetention } from '../retention.ts';
import { createPulse } from './pulse.ts';
import { createRecordedRun, type RecordedRun } from './recorded-runs.ts';
import { type NewStep, toStep } from './to-step.ts';

export type JournalDeps = {
  readonly store: Omit<JournalStore, 'list' | 'find' | 'chunks'>;
  /** What is recorded, how much of it is kept, and for how long; asked each time it is looked at. */
  readonly settings: () => {
    readonly record: RecordLevel;
    readonly keepDays: number;
    readonly keepMb: number;
  };
  /** Whether runs of other gateways are in the store. */
  readonly isShared: boolean;
  /** Takes secrets out of a text that an agent's module said or caused. */
  readonly redact: (agentId: string) => (text: string) => string;
  readonly emit: Emit;
};

/** The journal: what runs do, in the store within 50 ms. */
export type Journal = {
  readonly listener: (event: GatewayEvent) => void;
  /** Notes, before any run begins, which runs an earlier gateway lost when it was killed. Never throws. */
  readonly restore: () => Promise<void>;
  /** Writes what is not written yet. Never throws. */
  readonly flush: () => Promise<void>;
  /** The same, and ends the looking for what is too old; what cannot be written now never will be. */
  readonly close: () => Promise<void>;
};

/** So many steps and bytes wait at most while the store is away; what comes then is not kept. */
const MAX_WAITING_STEPS = 20_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Runs that are followed at once; those beyond are not kept. */
const MAX_RUNS = 10_000;

/** Runs of one transaction. */
const BATCH_RUNS = 200;

/** How often what is too old or too much is looked for. */
const PRUNE_INTERVAL_MS = 60_000;

const MIB = 2 ** 20;

/** Nothing is written or looked for before the first run. */
export function createJournal(deps: JournalDeps): Journal {
  const { store, settings, emit } = deps;
  const pulse = deps.isShared ? createPulse({ store, emit }) : null;
  const followed = createFollowedRuns(deps, pulse?.gateway ?? null);
  const retention = createRetention({
    what: 'the journal',
    everyMs: PRUNE_INTERVAL_MS,
    nowMs: Date.now,
    keepDays: () => settings().keepDays,
    prune: (beforeMs) => store.prune({ beforeMs, keepBytes: settings().keepMb * MIB }),
    emit,
  });
  const writer = createWriter(deps, { ...followed, ready: pulse?.isKnown ?? (async () => {}) });
  return {
    listener(event) {
      const taken = followed.hear(event);
      if (taken === 'nothing') return;
      if (taken === 'dropped') writer.dropped();
      writer.soon();
      retention.begin();
    },
    async restore() {
      if (pulse) return pulse.begin();
      await store.lose().catch((error: unknown) => {
        emit({ type: 'fault_survived', where: 'journal', error });
      });
    },
    flush: writer.flush,
    async close() {
      retention.end();
      await writer.close();
      await pulse?.end();
    },
  };
}

/** The runs that go on, and what of them is yet to be written. */
function createFollowedRuns({ settings, redact }: JournalDeps, gateway: string | null) {
  const runs = new Map<string, RecordedRun & { readonly agentId: string }>();
  const changed = new Set<string>();
  let waiting = { steps: 0, bytes: 0 };

  const add = (run: RecordedRun, step: NewStep): 'kept' | 'dropped' => {
    const { steps, bytes } = waiting;
    const isFull = steps >= MAX_WAITING_STEPS || bytes + step.heldBytes > MAX_WAITING_BYTES;
    if (isFull || !run.add(step, performance.now() - step.agoMs)) return 'dropped';
    waiting = { steps: steps + 1, bytes: bytes + step.heldBytes };
    return 'kept';
  };
  const begin = (event: EventOf<'run_started'>): 'kept' | 'dropped' | 'nothing' => {
    const { record } = settings();
    if (record === 'off' || runs.size >= MAX_RUNS) return 'nothing';
    const times = { startedMs: Date.now(), startedAtMs: performance.now() };
    const begun = { ...times, recorded: record, gateway };
    const run = { ...createRecordedRun(event, begun), agentId: event.agentId };
    runs.set(event.runId, run);
    changed.add(event.runId);
    const input = record === 'contents' || event.isTask ? toStep(event) : null;
    return input ? add(run, input) : 'kept';
  };
  const takeOne = async (id: string) => {
    changed.delete(id);
    const run = runs.get(id);
    const steps = await run?.take(redact(run.agentId));
    if (!steps) return undefined;
    if (steps.isOver) runs.delete(id);
    const { freed } = steps;
    waiting = { steps: waiting.steps - freed.steps, bytes: waiting.bytes - freed.bytes };
    return steps;
  };

  return {
    hear(event: GatewayEvent): 'kept' | 'dropped' | 'nothing' {
      if (event.type === 'run_started') return begin(event);
      if (runs.size === 0) return 'nothing';
      const step = toStep(event);
      const runId = step?.runId ?? (event.type === 'run_ended' ? event.runId : null);
      const run = runId === null ? undefined : runs.get(runId);
      if (!run || runId === null) return 'nothing';
      const taken = step ? add(run, step) : 'kept';
      if (event.type === 'run_ended') run.end(event);
      changed.add(runId);
      return taken;
    },
    /** What is to be written now; no runs where there is nothing. */
    async take(): Promise<Batch> {
      const ids = [...changed].slice(0, BATCH_RUNS);
      const taken = await Promise.all(ids.map(takeOne));
      const found = taken.filter((each) => each !== undefined);
      return {
        runs: found.map(({ run }) => run),
        chunks: found.flatMap(({ chunk }) => (chunk ? [chunk] : [])),
      };
    },
  };
}

type Batch = { readonly runs: readonly RunRecord[]; readonly chunks: readonly StepChunk[] };

/** Writes batch after batch. One that the store did not take is kept and written again, before anything else. */
function createWriter(
  { store, emit }: JournalDeps,
  { take, ready }: { readonly take: () => Promise<Batch>; readonly ready: () => Promise<void> },
) {
  let kept: Batch | null = null;
  let dropped = 0;
  const reportFault = (error: unknown) => emit({ type: 'fault_survived', where: 'journal', error });

  const write = async () => {
    for (kept ??= await take(); kept.runs.length > 0; kept = await take()) {
      await ready();
      await store.write(kept);
    }
    kept = null;
    if (dropped === 0) return;
    reportFault(new Error(`${dropped} steps of runs were not kept: there were too many.`));
    dropped = 0;
  };
  const { soon, flush, close } = createPatientWriter({ write, onFault: reportFault });
  return {
    soon,
    flush,
    close,
    dropped() {
      dropped += 1;
    },
  };
}
