import type { FailureCode } from '../../errors.ts';
import type { Usage } from '../run.ts';

/** A call of a model, or of what else agents reach at upstreams, that is over. */
export type ModelCalled = {
  readonly type: 'model_called';
  readonly agentId: string;
  /** Null where a call belongs to no single live run. */
  readonly runId: string | null;
  readonly keyId: string | null;
  /** Of the run, as the next two; null where there is none. */
  readonly requestId: string | null;
  readonly modulePath: string | null;
  readonly generation: number | null;
  /** Of its span, which its upstream was told of; null where none is made. */
  readonly spanId: string | null;
  readonly upstream: string;
  readonly path: string;
  readonly model: string | null;
  /** HTTP status, or 0 where none came. */
  readonly status: number;
  readonly outcome: 'ok' | 'failed' | 'aborted';
  /** Requests sent upstream, retries and fallbacks included. */
  readonly attempts: number;
  readonly durationMs: number;
  /** Until the first bytes of its answer; null where none came. */
  readonly firstByteMs: number | null;
  /** For whom of its key's users its run is; null where that is not known. */
  readonly user: string | null;
  /** Null where the upstream told none. */
  readonly usage: Usage | null;
  /** What that cost, in thousand-millionths of a US dollar; null where nobody knows the price, 0 where nothing was counted. */
  readonly costNanoUsd: number | null;
  readonly error: string | null;
  /** Of a failure: what the worker is told, or `upstream_refused` where the upstream said no. */
  readonly code: FailureCode | null;
  /** What was sent, where that is held whole. */
  readonly body: Buffer | null;
  /** What came, where runs are recorded with contents and it is not too long. */
  readonly answer: readonly Buffer[] | null;
};
