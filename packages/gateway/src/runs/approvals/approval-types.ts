import type { Caller } from '../../protocol/policy.ts';
import type { RunInput } from '../../protocol/run.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { Owner } from '../../protocol/state/owner.ts';
import type { Run } from '../run.ts';

/** What is said of one call: by its id, or by the code that its caller was given. */
export type ApprovalAnswer = {
  readonly by: { readonly id: string } | { readonly code: string };
  readonly approve: boolean;
  readonly reason?: string;
  readonly always?: true;
};

/** Who answers, and where: a code holds only in the conversation in which it was given. */
export type Answerer = {
  readonly caller: Caller;
  readonly user: string | null;
  /** Set where it is answered in a message. */
  readonly place?: AnswerPlace;
  /** Whether it is answered where its caller is told at once what is left to answer. */
  readonly isToldTheRest?: true;
};

/** Where a message was said. */
export type AnswerPlace = {
  readonly conversationId: string | null;
  /** Hashes of what was said, up to each of the messages; empty where that is not known. */
  readonly prefixHashes: readonly string[];
  /** Those of messages after which something else was said than answers: what asked there waits for no message any more. */
  readonly passedHashes?: readonly string[];
};

/** What came of answers. */
export type Answered = {
  /** The calls that were answered, as they are now. */
  readonly approvals: readonly Approval[];
  /** The calls of the same run that still wait. */
  readonly pending: readonly AskedAgain[];
  /** The calls of the caller's own tools that it waits for still. */
  readonly clientCalls: readonly ClientCall[];
  /** Set where nothing waits any more: the right to go on with the run, which nobody else gets. */
  readonly claim: RunClaim | null;
};

/**
 * A call that still waits. `code`: a new one in place of the one before, where the caller is told of it at once and
 * may answer it; null else.
 */
export type AskedAgain = Approval & { readonly code: string | null };

/** A call of one of the caller's own tools. */
export type ClientCall = {
  readonly callId: string;
  readonly tool: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
};

/** What a call of one of the caller's own tools gave. */
export type ClientResult = { readonly callId: string; readonly text: string };

/** The right to go on with a run that was interrupted. */
export type RunClaim = {
  readonly runId: string;
  readonly agentId: string;
  /** The input that it began with. */
  readonly input: RunInput;
  readonly conversationId: string | null;
  /** Whose it is, as far as what comes of it is kept. */
  readonly owner: Owner;
  /**
   * Goes on with it, on the generation that was interrupted and for the key that it was for.
   *
   * @param asked - How the rest is wanted.
   * @throws GatewayError as `StartRun` does, and `generation_gone`; it waits as before then, with its answers kept.
   */
  readonly resume: (
    asked: Pick<RunInput, 'streamed'> & Partial<Pick<RunInput, 'tellsItems'>>,
    requestId: string,
    signal?: AbortSignal,
  ) => Promise<Run>;
  /** Gives the right back without going on. Never throws. */
  readonly release: () => Promise<void>;
};

/** The calls that wait for a person. */
export type Approvals = {
  /**
   * Answers calls of one run: all of them, or none. The last answer claims the run. What was answered alike before
   * claims it too, where nothing waits any more and nobody has gone on with it: the claim may have been given back.
   *
   * @throws GatewayError `record_not_found` (unknown, another key's, or a wrong code), `not_allowed`, `approval_answered`,
   *   `approval_expired`, `run_outcome_unknown`, `invalid_request` (of several runs, or one twice), `store_unavailable`.
   */
  readonly answer: (answers: readonly ApprovalAnswer[], by: Answerer) => Promise<Answered>;
  /**
   * Brings what the caller's own tools gave, with answers that came along. Claims the run where nothing waits any more.
   * Results that nobody waits for are left alone: they are of calls that were over before.
   *
   * @returns Null where no run of this key waits for any of these calls.
   * @throws GatewayError as `answer` does.
   */
  readonly bring: (
    brought: {
      readonly results: readonly ClientResult[];
      readonly answers: readonly ApprovalAnswer[];
    },
    by: Answerer,
  ) => Promise<Answered | null>;
  /** @throws GatewayError `record_not_found`. */
  readonly find: (by: Caller, id: string) => Promise<Approval>;
  /**
   * Whether calls of a caller wait, or waited, where a message is said: only then a message can be an answer, though it
   * may come too late.
   */
  readonly mayAnswerIn: (
    by: Answerer & { readonly place: AnswerPlace },
    agentId: string | null,
  ) => Promise<boolean>;
  /** Ends the waiting of runs of a conversation that goes on without an answer. @returns How many calls it was about. */
  readonly withdraw: (keyId: string, conversationId: string) => Promise<number>;
  /** The same of one run, whose answer is deleted. */
  readonly withdrawRun: (keyId: string, runId: string) => Promise<number>;
  /** Those that a caller may see: its own, for operators all of its reach. Newest first. */
  readonly list: (by: Caller, query: ApprovalQuery) => Promise<ApprovalPage>;
  /** @throws GatewayError `record_not_found`. */
  readonly ofRun: (by: Caller, runId: string) => Promise<ApprovalsOfRun>;
};

export type ApprovalQuery = {
  readonly status?: Approval['status'];
  readonly agentId?: string;
  /** `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
};

/** `resumedBy`: id of the run that goes on with it, or went on; null while it waits. */
export type ApprovalsOfRun = {
  readonly approvals: readonly Approval[];
  readonly resumedBy: string | null;
};

export type ApprovalPage = {
  readonly approvals: readonly Approval[];
  readonly next: string | null;
};
