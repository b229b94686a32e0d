import { GatewayError } from '../errors.ts';
import { isOf, type Owner } from '../protocol/state/owner.ts';
import type { EventLog } from './event-log.ts';

/** A run that goes on without its caller. */
export type BackgroundRun = {
  readonly owner: Owner;
  /** The conversation that it is a turn of; null for none. */
  readonly conversationId: string | null;
  /** Its answer as it is now. */
  readonly now: () => string;
  /** Null where it is not streamed. */
  readonly log: EventLog | null;
  readonly cancel: (reason: GatewayError) => void;
  /** Resolves when it is over, and its answer kept, or not taken by the store at the first try. Never rejects. */
  readonly over: Promise<void>;
  /** Resolves when nothing of it is under way any more. Never rejects. */
  readonly settled: Promise<void>;
};

/** The runs of this process that go on without their callers, by the ids of their answers. */
export type BackgroundRuns = {
  readonly add: (id: string, run: BackgroundRun) => void;
  readonly find: (owner: Owner, id: string) => BackgroundRun | null;
  /** Those of owners that fit. */
  readonly of: (isOf: (owner: Owner) => boolean) => readonly BackgroundRun[];
  readonly inConversation: (owner: Owner, conversationId: string) => readonly BackgroundRun[];
  /** Aborted by `close`: from then on nothing is tried again. */
  readonly closing: AbortSignal;
  readonly close: () => void;
};

/** Ends them, and waits until their answers are kept, or the store has refused to. */
export async function endBackgroundRuns(runs: readonly BackgroundRun[]): Promise<void> {
  for (const { cancel } of runs)
    cancel(new GatewayError('run_cancelled', 'The run was cancelled.'));
  await Promise.all(runs.map(({ over }) => over));
}

export function createBackgroundRuns(): BackgroundRuns {
  const runs = new Map<string, BackgroundRun>();
  const closing = new AbortController();
  return {
    add(id, run) {
      runs.set(id, run);
      void run.settled.then(() => runs.delete(id));
    },
    find(owner, id) {
      const run = runs.get(id);
      return run && isOf(owner, run.owner) ? run : null;
    },
    of: (isOf) => [...runs.values()].filter((run) => isOf(run.owner)),
    inConversation: (owner, conversationId) =>
      [...runs.values()].filter(
        (run) => isOf(owner, run.owner) && run.conversationId === conversationId,
      ),
    closing: closing.signal,
    close: () => closing.abort(),
  };
}
