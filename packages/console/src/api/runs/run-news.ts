/** What a stream tells of a run, in no format of the wire. */
export type RunNews =
  | { readonly type: 'begun'; readonly runId: string }
  | { readonly type: 'text'; readonly delta: string }
  /** The last letters of the text are none of the answer. */
  | { readonly type: 'unsaid'; readonly chars: number }
  | { readonly type: 'thought'; readonly delta: string }
  | {
      readonly type: 'tool_started';
      readonly callId: string;
      readonly name: string;
      readonly agent: string;
      readonly provenance: string | null;
    }
  | {
      readonly type: 'tool_ended';
      readonly callId: string;
      readonly outcome: string;
      /** Null where only whoever saw the beginning can tell. */
      readonly durationMs: number | null;
    }
  | { readonly type: 'handed_off'; readonly from: string; readonly to: string }
  | { readonly type: 'asked'; readonly approvals: readonly AskedApproval[] }
  | { readonly type: 'usage'; readonly usage: TokenUsage }
  | { readonly type: 'ended'; readonly reason: EndReason }
  | { readonly type: 'failed'; readonly failure: StreamFailure };

/** `approval`: it waits for a person; `length`, `content_filter`: what ended it before its time. */
export type EndReason = 'stop' | 'length' | 'content_filter' | 'approval' | 'tool_calls';

/** A call that a person is asked about. */
export type AskedApproval = {
  /** `apr_…`. */
  readonly id: string;
  readonly runId: string;
  readonly tool: string;
  /** JSON as the model wrote it. */
  readonly arguments: string;
  /** ISO 8601; null where the stream does not say. */
  readonly expiresAt: string | null;
  /** Whether whoever asked may answer. */
  readonly mayAnswer: boolean;
};

/** Tokens of a run. */
export type TokenUsage = {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly reasoning: number;
};

/** A failure that a stream tells. */
export type StreamFailure = {
  readonly message: string;
  readonly code: string | null;
  /** What the gateway tells admins of it beside. */
  readonly detail: unknown;
};
