import type { GatewayError } from '../../errors.ts';

/** What a call of a model is answered in a run that follows the record of another. */
export type ReplayedAnswer =
  /** As it was recorded; `isWhole` is false where it broke off. */
  | {
      readonly type: 'recorded';
      readonly status: number;
      readonly body: Buffer;
      readonly isWhole: boolean;
    }
  /** A model that says this. */
  | { readonly type: 'said'; readonly text: string }
  | { readonly type: 'refused'; readonly failure: GatewayError }
  /** By its upstream: the record ends here. */
  | { readonly type: 'live' };

/** Answers the calls of models of one run from the record of another. Never rejects. */
export type AnswerFromRecord = (call: {
  /** Path at the broker, such as `/v1/responses`. */
  readonly path: string;
  readonly body: Buffer;
}) => Promise<ReplayedAnswer>;

/** The live runs that follow a record, by their ids; null for any other. */
export type FindReplay = (runId: string | null) => AnswerFromRecord | null;
