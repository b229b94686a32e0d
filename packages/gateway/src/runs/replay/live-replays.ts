import type { AnswerFromRecord, FindReplay } from '../../protocol/journal/replayed-calls.ts';

/** The live runs that follow the record of another. */
export type LiveReplays = {
  /** A run whose calls of models are answered so, until the returned function is called. */
  readonly enter: (runId: string, answer: AnswerFromRecord) => () => void;
  /**
   * From then on runs that follow no record get no answer of a model, until `release`; `called` resolves with the first call.
   */
  readonly holdOthers: () => HeldModels;
  readonly find: FindReplay;
};

/** Models that do not answer. */
export type HeldModels = { readonly called: Promise<void>; readonly release: () => void };

export function createLiveReplays(): LiveReplays {
  const live = new Map<string, AnswerFromRecord>();
  let others: AnswerFromRecord | null = null;
  return {
    enter(runId, answer) {
      live.set(runId, answer);
      return () => live.delete(runId);
    },
    holdOthers() {
      const called = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const answer: AnswerFromRecord = async () => {
        called.resolve();
        await released.promise;
        return { type: 'live' };
      };
      others = answer;
      return {
        called: called.promise,
        release() {
          if (others === answer) others = null;
          released.resolve();
        },
      };
    },
    find: (runId) => (runId === null ? null : (live.get(runId) ?? others)),
  };
}
