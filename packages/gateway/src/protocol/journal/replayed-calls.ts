import type { GatewayError } from '../../errors.ts';

/** A call of a tool, arguments as JSON text. */
export type SaidCall = {
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
};

/** What a call of a model is answered in a run that follows the record of another. */
export type ReplayedAnswer =
  /** As it was recorded; `isWhole` is false where it broke off. */
  | {
      readonly type: 'recorded';
      readonly status: number;
      readonly body: Buffer;
      readonly isWhole: boolean;
    }
  /** A model that says this, or wants these calls of tools; `seed` is what ids are made of. */
  | {
      readonly type: 'said';
      readonly text: string | null;
      readonly calls: readonly SaidCall[];
      readonly seed: string;
    }
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
