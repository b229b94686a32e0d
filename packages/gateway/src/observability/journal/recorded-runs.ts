import type { EventOf } from '../../events.ts';
import type { RecordLevel, RunRecord, StepChunk } from '../../protocol/journal/journal.ts';
import { requestHash } from '../../protocol/journal/request-hash.ts';
import type { Step } from '../../protocol/journal/steps.ts';
import { packContents, type StepContent } from './pack-contents.ts';
import { type NewStep, rounded } from './to-step.ts';

/** Steps of one run that are kept; a run may make as many as it likes. */
const MAX_STEPS = 20_000;

/** One run, from its start until its end is written. */
export type RecordedRun = {
  /** False where it is left out: there are too many of it. */
  readonly add: (step: NewStep, atMs: number) => boolean;
  readonly end: (event: EventOf<'run_ended'>) => void;
  /** What is new since the last time; its run is `over` once nothing more comes. */
  readonly take: (hide: (text: string) => string) => Promise<TakenSteps>;
};

/** What is to be written of a run. */
export type TakenSteps = {
  readonly run: RunRecord;
  readonly chunk: StepChunk | null;
  readonly isOver: boolean;
  /** What no longer waits in memory. */
  readonly freed: { readonly steps: number; readonly bytes: number };
};

type Pending = { readonly step: NewStep; readonly atMs: number };

/** When and how a run began to be recorded. */
type Begun = {
  readonly startedMs: number;
  readonly startedAtMs: number;
  readonly recorded: Exclude<RecordLevel, 'off'>;
  readonly gateway: string | null;
};

/**
 * Follows a run.
 *
 * @param begun.startedMs - Unix time; `begun.startedAtMs` is the same moment of the clock that steps are timed by.
 */
export function createRecordedRun(event: EventOf<'run_started'>, begun: Begun): RecordedRun {
  const { startedAtMs, recorded, startedMs, gateway } = begun;
  const begunRun = { ...aboutRun(event), startedMs, recorded, gateway };
  let pending: Pending[] = [];
  let ended: EventOf<'run_ended'> | null = null;
  let count = 0;
  let ordinal = 0;
  let bytes = 0;
  const cost = createCost();

  const numbered = ({ step, atMs }: Pending): Step => {
    const { durationMs } = step;
    const made = step.make(ordinal, requestHash);
    if (made.kind === 'model_call') ordinal += 1;
    const at_ms = rounded(atMs - (durationMs ?? 0) - startedAtMs);
    const place = { step: count, at_ms: Math.max(0, at_ms), duration_ms: rounded(durationMs) };
    count += 1;
    return { ...made, ...place };
  };

  return {
    add(step, atMs) {
      if (count + pending.length >= MAX_STEPS) return false;
      pending.push({ step, atMs });
      cost.add(step);
      return true;
    },
    end(event) {
      ended = event;
    },
    async take(hide) {
      // In the order in which they ended: some are told of later than what came after them.
      const taken = pending.toSorted((a, b) => a.atMs - b.atMs);
      pending = [];
      const firstStep = count;
      const steps = taken.map(numbered);
      const contents: StepContent[] =
        recorded === 'steps' ? [] : contentsOf(taken, firstStep, hide);
      const json = JSON.stringify(steps.map((step) => hiddenIn(step, hide)));
      const over = ended;
      const packed = contents.length === 0 ? null : await packContents(contents);
      if (steps.length > 0) bytes += json.length + (packed?.length ?? 0);
      const chunk = { runId: event.runId, firstStep, steps: json, contents: packed };
      return {
        run: { ...begunRun, ...endOf(over), steps: count, bytes, ...cost.sum() },
        chunk: steps.length === 0 ? null : chunk,
        isOver: over !== null,
        freed: { steps: taken.length, bytes: heldBytes(taken) },
      };
    },
  };
}

function heldBytes(pending: readonly Pending[]): number {
  return pending.reduce((sum, { step }) => sum + step.heldBytes, 0);
}

function createCost() {
  const sum = { costNanoUsd: 0, unpricedCalls: 0 };
  return {
    add({ costNanoUsd = 0 }: NewStep) {
      if (costNanoUsd === null) sum.unpricedCalls += 1;
      sum.costNanoUsd += costNanoUsd ?? 0;
    },
    sum: () => sum,
  };
}

/** Fields whose values are the gateway's own words. */
const own: ReadonlySet<string> = new Set([
  'kind',
  'request_hash',
  'path',
  'outcome',
  'provenance',
  'call_id',
  'files_hash',
  'approval_id',
]);

/** Text by text, so that what is hidden breaks no JSON. Fields of steps are texts and numbers; nobody else has this step. */
function hiddenIn(step: Step, hide: (text: string) => string): Step {
  const fields: Record<string, unknown> = step;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (typeof value === 'string' && !own.has(name)) fields[name] = hide(value);
  }
  return step;
}

function contentsOf(
  taken: readonly Pending[],
  firstStep: number,
  hide: (text: string) => string,
): StepContent[] {
  return taken.flatMap(({ step }, at) =>
    step.contents().map(({ part, text }) => ({ step: firstStep + at, part, text: hide(text) })),
  );
}

function aboutRun({ runId: id, ...event }: EventOf<'run_started'>) {
  const { requestId, keyId, user, agentId, modulePath, generation } = event;
  const { replayOf = null, resumes = null } = event;
  return { id, requestId, keyId, user, agentId, modulePath, generation, replayOf, resumes };
}

function endOf(ended: EventOf<'run_ended'> | null) {
  if (!ended) return { outcome: 'running', code: null, durationMs: null, usage: null } as const;
  const { outcome, code, usage } = ended;
  return { outcome, code, durationMs: rounded(ended.durationMs), usage };
}
