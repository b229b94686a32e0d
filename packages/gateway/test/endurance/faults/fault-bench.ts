import type { FaultUpstream } from './fault-upstream.ts';
import type { FaultedGateway } from './faulted-gateway.ts';
import type { Ground } from './ground.ts';
import type { Asked, FaultedAgent } from './project-files.ts';
import type { Witness } from './witness.ts';

/** What callers know. */
export type CallerBench = {
  /** Its admin key. */
  readonly gateway: Pick<FaultedGateway, 'key'>;
  readonly witness: Witness;
  /** Those that can run here. */
  readonly agents: readonly FaultedAgent[];
  readonly versions: {
    /** The newest that was written, be it in part. */
    newest: number;
    /** The oldest that may still answer. */
    oldest: number;
  };
};

/** What stands during a test: what faults are done to, and who sees what comes of them. */
export type FaultBench = CallerBench & {
  readonly ground: Ground;
  readonly gateway: FaultedGateway;
  readonly upstream: FaultUpstream;
};

/** A question with a word, asked now. */
export function askedNow({ versions }: CallerBench, word: string): Asked {
  return { word, oldest: versions.oldest, newest: () => versions.newest };
}
