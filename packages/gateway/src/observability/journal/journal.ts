import type { EventOf, GatewayEvent } from '../../events.ts';
import type {
  JournalStore,
  RecordLevel,
  RunRecord,
  StepChunk,
} from '../../protocol/journal/journal.ts';
import { createRecordedRun, type RecordedRun } from './recorded-runs.ts';
import { createRetention, type RetentionDeps } from './retention.ts';
import { type NewStep, toStep } from './to-step.ts';

export type JournalDeps = {
  readonly store: Pick<JournalStore, 'write' | 'lose' | 'prune'>;
  readonly settings: () => ReturnType<RetentionDeps['settings']> & {
    readonly record: RecordLevel;
  };
  /** Whether runs of other gateways are in the store. */
  readonly isShared: boolean;
  /** Takes secrets out of a text that an agent's module said or caused. */
  readonly redact: (agentId: string) => (text: string) => string;
  readonly emit: RetentionDeps['emit'];
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

/** Steps are written together, at most this late. */
const WRITE_AFTER_MS = 50;

/** Pause before a batch that the store did not take is written again. */
const RETRY_AFTER_MS = 1000;

/** So many steps and bytes wait at most while the store is away; what comes then is not kept. */
const MAX_WAITING_STEPS = 20_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Runs that are followed at once; those beyond are not kept. */
const MAX_RUNS = 10_000;

/** Runs of one transaction. */
const BATCH_RUNS = 200;

/** Nothing is written or looked for before the first run. */
export function createJournal(deps: JournalDeps): Journal {
  const followed = createFollowedRuns(deps);
  const retention = createRetention(deps);
  const writer = createWriter(deps, followed);
  return {
    listener(event) {
      const taken = followed.hear(event);
      if (taken === 'nothing') return;
      if (taken === 'dropped') writer.dropped();
      writer.soon();
      retention.begin();
    },
    async restore() {
      if (deps.isShared) return;
      await deps.store.lose().catch((error: unknown) => {
        deps.emit({ type: 'fault_survived', where: 'journal', error });
      });
    },
    flush: writer.flush,
    async close() {
      retention.end();
      await writer.close();
    },
  };
}

/** The runs that go on, and what of them is yet to be written. */
function createFollowedRuns({ settings, redact }: JournalDeps) {
  const runs = new Map<string, RecordedRun & { readonly agentId: string }>();
  const changed = new Set<string>();
  let waiting = { steps: 0, bytes: 0 };

  const begin = (event: EventOf<'run_started'>): 'kept' | 'nothing' => {
    const { record } = settings();
    if (record === 'off' || runs.size >= MAX_RUNS) return 'nothing';
    const begun = { startedMs: Date.now(), startedAtMs: performance.now(), recorded: record };
    runs.set(event.runId, { ...createRecordedRun(event, begun), agentId: event.agentId });
    changed.add(event.runId);
    return 'kept';
  };
  const add = (run: RecordedRun, step: NewStep): 'kept' | 'dropped' => {
    const { steps, bytes } = waiting;
    const isFull = steps >= MAX_WAITING_STEPS || bytes + step.heldBytes > MAX_WAITING_BYTES;
    if (isFull || !run.add(step, performance.now() - step.agoMs)) return 'dropped';
    waiting = { steps: steps + 1, bytes: bytes + step.heldBytes };
    return 'kept';
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
  { take }: { readonly take: () => Promise<Batch> },
) {
  let kept: Batch | null = null;
  let dropped = 0;
  let isStoreAway = false;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  const reportFault = (error: unknown) => emit({ type: 'fault_survived', where: 'journal', error });

  const write = async () => {
    for (kept ??= await take(); kept.runs.length > 0; kept = await take()) await store.write(kept);
    kept = null;
    isStoreAway = false;
    if (dropped === 0) return;
    reportFault(new Error(`${dropped} steps of runs were not kept: there were too many.`));
    dropped = 0;
  };
  const flush = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    writing = writing.then(write).catch((error: unknown) => {
      // Once per outage: the next steps say nothing new about it.
      if (!isStoreAway) reportFault(error);
      isStoreAway = true;
      timer ??= setTimeout(flush, RETRY_AFTER_MS).unref();
    });
    return writing;
  };
  return {
    flush,
    soon() {
      timer ??= setTimeout(flush, isStoreAway ? RETRY_AFTER_MS : WRITE_AFTER_MS).unref();
    },
    dropped() {
      dropped += 1;
    },
    async close() {
      await flush();
      if (timer) clearTimeout(timer);
    },
  };
}
