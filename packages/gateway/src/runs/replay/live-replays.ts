import type { AnswerFromRecord, FindReplay } from '../../protocol/journal/replayed-calls.ts';

/** The live runs that follow the record of another. */
export type LiveReplays = {
  /** A run whose calls of models are answered so, until the returned function is called. */
  readonly enter: (runId: string, answer: AnswerFromRecord) => () => void;
  readonly find: FindReplay;
};

export function createLiveReplays(): LiveReplays {
  const live = new Map<string, AnswerFromRecord>();
  return {
    enter(runId, answer) {
      live.set(runId, answer);
      return () => live.delete(runId);
    },
    find: (runId) => (runId === null ? null : (live.get(runId) ?? null)),
  };
}
