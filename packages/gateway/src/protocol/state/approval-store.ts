import type { StoredGeneration } from '../records.ts';
import type { Approval, ApprovalStatus, WaitingRun, WaitingRunStatus } from './approvals.ts';

/** A call of one of the caller's own tools that a run waits for. */
export type ClientCallRecord = {
  readonly runId: string;
  readonly callId: string;
  readonly tool: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
  /** What the caller brought; null until then. */
  readonly result: string | null;
};

/** A call of a tool that was approved: that one, or all of the tool where `always`. */
export type Grant = {
  readonly approvalId: string;
  readonly callId: string;
  readonly tool: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
  readonly always: boolean;
  /** Set where it is a call that a server at the upstream makes: what bears the same name here is another tool. */
  readonly hosted?: true;
};

/** A run that waits, without what is large of it. */
export type WaitingRunRecord = Omit<WaitingRun, 'state' | 'input'> & {
  /** What was approved before it was interrupted. */
  readonly grants: readonly Grant[];
  /** How many wrong codes were tried where it waits. */
  readonly wrongCodes: number;
  /** Until when whoever claimed it said so; null where nobody did. */
  readonly claimedUntilMs: number | null;
};

/** What is large of a run that waits. */
export type WaitingRunBody = Pick<WaitingRun, 'state' | 'input'>;

/** A run to be kept, with what it waits for. */
export type NewWaitingRun = {
  readonly run: Omit<WaitingRun, 'status' | 'resumedBy'> & { readonly grants: readonly Grant[] };
  /** Each with the hash of its code; null where it has none. */
  readonly approvals: readonly (Approval & { readonly codeHash: string | null })[];
  readonly clientCalls: readonly Omit<ClientCallRecord, 'runId' | 'result'>[];
};

/** The bytes of a generation by which it can be made again anywhere. */
export type KeptGenerationFiles = {
  readonly record: StoredGeneration;
  /** By SHA-256, hex. */
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/** Answers to calls of one run. */
export type CallAnswers = {
  readonly runId: string;
  readonly decisions: readonly {
    readonly approvalId: string;
    readonly status: Extract<ApprovalStatus, 'approved' | 'denied'>;
    readonly reason: string | null;
    readonly always: boolean;
  }[];
  readonly results: readonly { readonly callId: string; readonly text: string }[];
  readonly answeredBy: string;
  readonly nowMs: number;
  /** Claims before this time are of gateways that died. */
  readonly deadMs: number;
  readonly claim: { readonly token: string; readonly untilMs: number };
};

/**
 * What came of answers. `claimed`: nothing waits any more, and whoever answered may go on with the run. `refused`: not all
 * of the calls wait, and nothing was changed.
 */
export type AnsweredCalls = 'claimed' | 'answered' | 'refused';

/** Where a message is said. */
export type WaitingPlace = {
  readonly keyId: string;
  readonly user: string | null;
  readonly conversationId: string | null;
  readonly prefixHashes: readonly string[];
};

/** Filters of approvals; all given ones must fit. Newest first. */
export type StoredApprovalQuery = {
  readonly status?: ApprovalStatus;
  readonly agentId?: string;
  /** Id of the last one of the page before. */
  readonly after?: string;
  readonly limit: number;
};

/** Runs that wait, and the calls that they wait for. What is acknowledged is durable. */
export type ApprovalStore = {
  /**
   * Keeps a run that waits.
   *
   * @param generation - Where the store does not have it yet.
   */
  keep(waiting: NewWaitingRun, generation: KeptGenerationFiles | null): Promise<void>;
  /** Whether the bytes of a generation are kept; they stay for some minutes more, at least. */
  hasGeneration(agentId: string, filesHash: string, nowMs: number): Promise<boolean>;
  generation(agentId: string, filesHash: string): Promise<StoredGeneration | null>;
  /** Bytes by their SHA-256; null where they are not kept. */
  file(sha256: string): Promise<Uint8Array | null>;
  find(approvalId: string): Promise<Approval | null>;
  findByCode(codeHash: string): Promise<Approval | null>;
  /** Calls of one of these ids that runs of a key and end user wait for, or go on with, those of the newest run first. */
  findClientCalls(
    of: Pick<WaitingPlace, 'keyId' | 'user'>,
    callIds: readonly string[],
  ): Promise<readonly ClientCallRecord[]>;
  run(runId: string): Promise<WaitingRunRecord | null>;
  /** Null once it is over. */
  body(runId: string): Promise<WaitingRunBody | null>;
  /** All of a run, in the order in which they were asked. */
  ofRun(runId: string): Promise<readonly Approval[]>;
  clientCallsOf(runId: string): Promise<readonly ClientCallRecord[]>;
  list(query: StoredApprovalQuery): Promise<readonly Approval[]>;
  /** The runs that asked for approvals in a place, whatever became of them. */
  askedIn(place: WaitingPlace): Promise<readonly WaitingRunRecord[]>;
  /** Gives a call that waits another code. */
  recode(approvalId: string, codeHash: string): Promise<void>;
  /** Answers calls of a run: all of them, or none. Without any, claims a run of which nothing waits. */
  answer(answers: CallAnswers): Promise<AnsweredCalls>;
  /** Says which run goes on with a claimed one. @returns False where the claim is another's. */
  begin(runId: string, token: string, resumedBy: string): Promise<boolean>;
  /** Says that the holders of these claims live. */
  renew(claims: readonly RunClaimKey[], untilMs: number): Promise<void>;
  /** Gives a claim back: the run waits as before, with its answers kept. */
  release(claim: RunClaimKey): Promise<void>;
  /** The run that went on has ended, and nobody needs its state. */
  end(claim: RunClaimKey): Promise<void>;
  /**
   * Ends the waiting of runs, with that of their calls.
   *
   * @returns How many calls waited for a person.
   */
  drop(
    runs: readonly string[],
    why: {
      readonly status: Extract<ApprovalStatus, 'denied' | 'expired' | 'withdrawn'>;
      readonly reason: string | null;
      readonly nowMs: number;
    },
  ): Promise<readonly Approval[]>;
  /** Counts a wrong code where these runs wait. @returns The most that were counted of one. */
  countWrongCode(runs: readonly string[]): Promise<number>;
  /** Ids of the runs that wait in a conversation of a key. */
  waitingIn(keyId: string, conversationId: string): Promise<readonly string[]>;
  /** Ids of runs that wait: those whose time is over, and of keys that hold most the oldest that there is no room for. */
  overdue(limits: {
    readonly nowMs: number;
    readonly keepBytes: number;
  }): Promise<{ readonly expired: readonly string[]; readonly crowded: readonly string[] }>;
  /** Notes which claims are dead, and removes what is over and old, and the bytes that nothing needs. */
  prune(limits: {
    readonly nowMs: number;
    readonly deadMs: number;
    readonly beforeMs: number;
  }): Promise<void>;
  /** Keys of which runs wait. */
  keysWaiting(): Promise<readonly string[]>;
  /** Ids of the runs of a key that wait. */
  waitingOf(keyId: string): Promise<readonly string[]>;
  statusOf(runId: string): Promise<WaitingRunStatus | null>;
};

/** Which claim on which run. */
export type RunClaimKey = { readonly runId: string; readonly token: string };
