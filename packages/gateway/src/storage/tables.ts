import type { StorePart } from '../protocol/store.ts';
import type {
  WaitingCallRow,
  WaitingFileRow,
  WaitingGenerationRow,
  WaitingRunRow,
  WaitingStateRow,
} from './waiting-tables.ts';

/**
 * Rows as the databases hold them. Lists and records are JSON text, flags 0 or 1, times Unix seconds but for ISO
 * `last_seen` and `time_ms`.
 */
export type Tables = {
  readonly keys: KeyRow;
  readonly overrides: OverrideRow;
  readonly decisions: DecisionRow;
  /** The same of those that are `isNotable`. */
  readonly notable_decisions: DecisionRow;
  readonly spending: SpendingRow;
  readonly reservations: ReservationRow;
  readonly request_counts: RequestCountRow;
  readonly versions: { readonly part: StorePart; readonly version: number };
  readonly runs: RunRow;
  readonly run_steps: StepChunkRow;
  readonly usage: UsageRow;
  /** Gateways that may have runs that go on; times are Unix milliseconds. */
  readonly run_gateways: {
    readonly id: string;
    readonly since_ms: number;
    readonly seen_ms: number;
  };
  readonly console_sessions: ConsoleSessionRow;
  readonly turns: TurnRow;
  readonly idempotent_requests: IdempotentRequestRow;
  readonly conversations: ConversationRow;
  readonly waiting_runs: WaitingRunRow;
  readonly waiting_states: WaitingStateRow;
  readonly waiting_calls: WaitingCallRow;
  readonly waiting_generations: WaitingGenerationRow;
  readonly waiting_files: WaitingFileRow;
  readonly kept_generations: {
    readonly agent_id: string;
    readonly files_hash: string;
    /** Grows with each that is put. */
    readonly served_order: number;
    readonly record: string;
  };
  readonly diagnostics: {
    readonly id: string;
    readonly last_seen: string;
    readonly record: string;
  };
};

/** A login of the console, or a link to it. */
export type ConsoleSessionRow = {
  readonly hash: string;
  readonly kind: string;
  readonly key_id: string;
  readonly created_at: number;
  readonly last_used_at: number;
  readonly ends_at: number;
};

/** A run. Ids sort by time. */
export type RunRow = {
  readonly id: string;
  /** Unix milliseconds. */
  readonly started_ms: number;
  readonly request_id: string;
  readonly key_id: string;
  readonly end_user: string | null;
  readonly agent_id: string;
  readonly module_path: string;
  readonly generation: number;
  readonly replay_of: string | null;
  readonly resumes: string | null;
  readonly gateway_id: string | null;
  readonly outcome: string;
  readonly code: string | null;
  readonly duration_ms: number | null;
  readonly usage: string | null;
  readonly recorded: string;
  readonly steps: number;
  readonly bytes: number;
  readonly cost_nano_usd: number;
  readonly unpriced_calls: number;
};

/** What was used on a UTC day (`2026-11-22`) by one of each; names that are not known are empty. */
export type UsageRow = {
  readonly day: string;
  readonly key_id: string;
  readonly agent_id: string;
  readonly model: string;
  readonly upstream: string;
  readonly end_user: string;
  readonly runs: number;
  readonly model_calls: number;
  readonly failed_calls: number;
  readonly aborted_calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_input_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_nano_usd: number;
  readonly unpriced_calls: number;
};

/** Steps of a run that were written together. */
export type StepChunkRow = {
  readonly run_id: string;
  readonly first_step: number;
  readonly steps: string;
  readonly contents: Uint8Array | null;
};

/** An API key. */
export type KeyRow = {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly hash: string;
  readonly namespaces: string | null;
  readonly agents: string | null;
  readonly requests_per_minute: number | null;
  readonly concurrent_runs: number | null;
  readonly tokens_per_day: number | null;
  readonly tokens_per_month: number | null;
  readonly usd_per_day: number | null;
  readonly usd_per_month: number | null;
  readonly run_limits: string | null;
  readonly forwards_users: number;
  readonly created_at: number;
  readonly created_by: string;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
  readonly rotated_from: string | null;
  /** Its successor; set once, so that there is one at most. */
  readonly rotated_to: string | null;
  /** Its name as long as no other key may take it; unique. */
  readonly held_name: string | null;
  readonly last_used_at: number | null;
};

/** A short-lived rule. */
export type OverrideRow = {
  readonly id: string;
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly effect: string;
  readonly break_glass: number;
  readonly limits: string | null;
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
  readonly revoked_by: string | null;
};

/** A decision. Ids sort by time. */
export type DecisionRow = {
  readonly id: string;
  /** Unix milliseconds. */
  readonly time_ms: number;
  readonly request_id: string | null;
  readonly key_id: string | null;
  readonly end_user: string | null;
  readonly role: string | null;
  readonly action: string;
  readonly effect: string;
  readonly resource: string;
  readonly agent_id: string | null;
  readonly module_path: string | null;
  readonly tool: string | null;
  readonly rule_id: string | null;
  readonly tier: number;
  readonly source: string | null;
  readonly reason: string | null;
};

/** What a key used in the last UTC day (`2026-11-22`) and month (`2026-11`) it used anything in. */
export type SpendingRow = {
  readonly key_id: string;
  readonly day: string;
  readonly day_tokens: number;
  readonly month: string;
  readonly month_tokens: number;
};

/** Tokens set aside for a call until `expires_at`; once settled (1) it only tells that this id was booked. */
export type ReservationRow = {
  readonly id: string;
  readonly key_id: string;
  readonly tokens: number;
  readonly settled: number;
  readonly expires_at: number;
};

/** Requests of a key in the minute that ends at `ends_at_ms`. */
export type RequestCountRow = {
  readonly account: string;
  readonly requests: number;
  readonly ends_at_ms: number;
};

/** A turn of a conversation; times are Unix milliseconds. */
export type TurnRow = {
  readonly id: string;
  readonly key_id: string;
  readonly end_user: string | null;
  readonly agent_id: string | null;
  readonly previous_id: string | null;
  readonly conversation_id: string | null;
  readonly created_ms: number;
  readonly status: string;
  /** `{ input, output }`. */
  readonly items: string;
  readonly answer: string | null;
  /** Of items, answer and events. */
  readonly bytes: number;
  readonly alive_until_ms: number | null;
  readonly events: string | null;
  readonly prefix_hash: string | null;
};

export type ConversationRow = {
  readonly id: string;
  readonly key_id: string;
  readonly end_user: string | null;
  readonly agent_id: string | null;
  readonly created_ms: number;
  readonly used_ms: number;
  readonly metadata: string;
  readonly head_id: string | null;
  /** Token of who takes the next turn, until then. */
  readonly claim: string | null;
  readonly claimed_until_ms: number | null;
};

/** A request with a key of its sender, and what it was answered; times are Unix milliseconds. */
export type IdempotentRequestRow = {
  readonly id: string;
  readonly key_id: string;
  readonly end_user: string | null;
  readonly body_hash: string;
  readonly request_id: string;
  readonly created_ms: number;
  readonly holder: string;
  readonly alive_until_ms: number | null;
  readonly wanted_until_ms: number;
  /** Of headers and body. */
  readonly bytes: number;
  readonly form: string | null;
  readonly status: number | null;
  /** JSON. */
  readonly headers: string | null;
  readonly body: string | null;
};
