import type { KeyPrincipal } from '../policy.ts';
import type { FailureDetail } from '../run.ts';
import type { CacheResult, ToolOutcome, ToolViolation } from './gateway-tools.ts';

/** One call of a gateway tool. */
export type GatewayToolCall = {
  readonly tool: string;
  /** As the model wrote them; checked before anything else. */
  readonly args: unknown;
  /** Whose results it may be given from the cache. */
  readonly caller: KeyPrincipal;
  readonly requestId: string;
  /** What it names to whom it asks, in the form of W3C Trace Context. */
  readonly traceparent?: string;
  /** Neither looks into the cache nor leaves anything there. */
  readonly noCache: boolean;
  readonly signal: AbortSignal;
  /** Asks the rules, with arguments that fit the schema, and records the answer. */
  readonly isAllowed: (args: unknown) => boolean;
};

/** What came of a call. */
export type GatewayToolResult = {
  readonly outcome: ToolOutcome;
  /** For the model: the result, or what is wrong and what it can do about it. */
  readonly text: string;
  readonly durationMs: number;
  /** Null where no cache was asked. */
  readonly cache: CacheResult | null;
  readonly violation: ToolViolation | null;
  /** Of the arguments as JSON. */
  readonly argumentBytes: number;
  /** Of the result; 0 where there is none. */
  readonly resultBytes: number;
  /** What went wrong, for the log and admins. */
  readonly error: string | null;
  /** What the code of a module threw, where that is why it failed. */
  readonly detail: FailureDetail | null;
};

/** What a tool was called with, as JSON that is made when it is asked for, and gave; null where that is not known. */
export type ToolContents = { readonly arguments: () => string; readonly result: string | null };

/** Calls a gateway tool. Never rejects. */
export type CallGatewayTool = (call: GatewayToolCall) => Promise<GatewayToolResult>;
