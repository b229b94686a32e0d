import type { Caller } from '../../protocol/policy.ts';
import type { ServedAgent } from '../run.ts';
import type { Until } from './live-from.ts';
import type { Recording } from './recording.ts';

/** A run that is to follow the record of another. */
export type ReplayRequest = {
  readonly caller: Caller;
  readonly recording: Recording;
  /** That runs; its load says whether it may reach outside. */
  readonly agent: ServedAgent;
  /** Null: to its end. */
  readonly until: Until;
  readonly signal: AbortSignal;
};
