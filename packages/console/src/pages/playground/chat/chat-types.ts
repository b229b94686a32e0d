import type { AskedApproval, EndReason, TokenUsage } from '../../../api/runs/run-news.ts';

/** A picture or a file of a question. */
export type Attachment = {
  readonly id: string;
  readonly kind: 'image' | 'file';
  readonly name: string;
  readonly bytes: number;
  /** The whole of it, as a `data:` URL. */
  readonly url: string;
};

/** What a person asks. */
export type Question = {
  readonly text: string;
  readonly attachments: readonly Attachment[];
};

/** A call of a tool. */
export type ToolStep = {
  readonly type: 'tool';
  readonly callId: string;
  readonly name: string;
  readonly agent: string;
  readonly provenance: string | null;
  /** Null while it goes on. */
  readonly outcome: string | null;
  /** Of the page's clock. */
  readonly startedMs: number;
  readonly durationMs: number | null;
};

/** A call that a person decides on. */
export type ApprovalStep = {
  readonly type: 'approval';
  readonly approval: AskedApproval;
  readonly state: 'waiting' | 'sending' | 'approved' | 'always' | 'denied' | 'expired';
  readonly reason: string;
  /** What went wrong with the last decision; empty for nothing. */
  readonly fault: string;
};

/** What an agent does beside what it says, in order. */
export type Step =
  | ToolStep
  | ApprovalStep
  | { readonly type: 'handoff'; readonly from: string; readonly to: string };

/** Why an answer is not whole. */
export type Failure = {
  /**
   * `told`: the run failed; `refused`: it did not begin; `broken`: the stream ended in the middle; `offline`; `gone`: no
   * gateway answers; `session`: the login is over.
   */
  readonly kind: 'told' | 'refused' | 'broken' | 'offline' | 'gone' | 'session';
  readonly message: string;
  readonly code: string | null;
  readonly requestId: string | null;
  /** When it makes sense to ask again, in Unix milliseconds; null where nobody says. */
  readonly retryAtMs: number | null;
  /** What the gateway tells admins of it beside. */
  readonly detail: unknown;
};

/** What came of a question. */
export type Answer = {
  readonly status: 'running' | 'waiting' | 'done' | 'stopped' | 'failed';
  readonly text: string;
  /** What the model lets see of its thinking. */
  readonly thought: string;
  readonly steps: readonly Step[];
  /** A run, and those that went on with it. */
  readonly runIds: readonly string[];
  readonly usage: TokenUsage | null;
  /** Names of what was sent and had no effect. */
  readonly ignored: readonly string[];
  readonly reason: EndReason | null;
  readonly failure: Failure | null;
  /** Of the page's clock, in milliseconds. */
  readonly startedMs: number;
  readonly firstMs: number | null;
  readonly endedMs: number | null;
};

/** A question with its answer. */
export type Turn = {
  readonly id: string;
  /** The turn before it; null for the first. */
  readonly parentId: string | null;
  readonly agentId: string;
  readonly question: Question;
  readonly answer: Answer;
};

/** One conversation with its branches: several turns may follow the same one, of which one is shown. */
export type Lane = {
  readonly turns: Readonly<Record<string, Turn>>;
  /** Which turn is shown after which; the first under `root`. */
  readonly chosen: Readonly<Record<string, string>>;
};

/** What a person sets for its next questions; empty is not sent. */
export type Settings = {
  readonly system: string;
  readonly temperature: string;
  readonly topP: string;
  readonly maxTokens: string;
  readonly reasoningEffort: string;
  readonly verbosity: string;
  readonly seed: string;
  readonly stop: string;
};

/** All that the page knows of its conversations. */
export type ChatState = {
  /** One, or two that are compared. */
  readonly lanes: readonly Lane[];
  readonly draft: Question;
  readonly settings: Settings;
};
