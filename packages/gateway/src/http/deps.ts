import type { Emit } from '../events.ts';
import type { LimitChecks } from '../policy/limits/limit-checks.ts';
import type { NameUsers } from '../policy/users/name-users.ts';
import type { AgentPage, AgentQuery } from '../protocol/admin/agents-answer.ts';
import type { DataAnswer, DataQuery } from '../protocol/admin/data-answer.ts';
import type {
  DiagnosticFilter,
  DiagnosticPage,
  DiagnosticQuery,
} from '../protocol/admin/errors-answer.ts';
import type { EventFeed } from '../protocol/admin/events-answer.ts';
import type { AgentGenerations, RollbackReport } from '../protocol/admin/generations-answer.ts';
import type { RefreshReport } from '../protocol/admin/refresh-answer.ts';
import type { RunDetail, RunPage, RunsQuery, StepsQuery } from '../protocol/admin/runs-answer.ts';
import type { GatewayStatus } from '../protocol/admin/status-answer.ts';
import type { ToolCallReport, ToolList, ToolsRefresh } from '../protocol/admin/tools-answer.ts';
import type { UpstreamStatus } from '../protocol/admin/upstreams-answer.ts';
import type { UsagePage, UsageQuery } from '../protocol/admin/usage-answer.ts';
import type { Caller, KeyHolder } from '../protocol/policy.ts';
import type { Owner } from '../protocol/state/owner.ts';
import type { UnreadRoom } from '../protocol/unread-room.ts';
import type { ModelInfo } from '../registry/model-info.ts';
import type { Approvals } from '../runs/approvals/approval-types.ts';
import type { CountInput } from '../runs/count-input.ts';
import type { AskOnce } from '../runs/idempotency/ask-once.ts';
import type { RunAgain } from '../runs/replay/run-again.ts';
import type { StartRun } from '../runs/start-run.ts';
import type { Conversations } from '../runs/turns/conversations.ts';
import type { KeptTurns } from '../runs/turns/kept-turns.ts';
import type { SessionAgent } from '../runs/turns/session-agent.ts';
import type { OpenTurnOf } from '../runs/turns/turn-types.ts';
import type { ConsoleDeps } from './console/console-deps.ts';
import type { FlightTimes } from './idempotency/flight.ts';
import type { EventView } from './live/send-events.ts';
import type { SecurityDeps } from './security-deps.ts';

/** What the HTTP side needs of the gateway. */
export type HttpDeps = {
  /**
   * Who holds a secret; null for an unknown, revoked or expired key. A promise for a token alone, which rejects where
   * it is not taken.
   *
   * @throws GatewayError `store_unavailable` where keys cannot be told any more.
   */
  readonly authenticate: (secret: string) => KeyHolder | Promise<KeyHolder> | null;
  /** For whom of a key's users a request is. */
  readonly users: NameUsers;
  /** Asked before a body is read. */
  readonly limits: LimitChecks;
  /** @throws GatewayError before anything runs: 400, 403, 404, 429, 503. */
  readonly startRun: StartRun;
  readonly countInput: CountInput;
  /** The agents that the caller may see. */
  readonly listModels: (caller: Caller) => Promise<readonly ModelInfo[]> | readonly ModelInfo[];
  /** Decides whether a route for administration answers; `resource` is the route's canonical path. */
  readonly mayAdminister: (caller: Caller, resource: string) => boolean;
  readonly admin: AdminReads;
  /** What is kept of conversations. */
  readonly turns: TurnDeps;
  /** Requests that come again. */
  readonly askOnce: AskOnce;
  /** The runs that wait, and the calls that they wait for. */
  readonly approvals: Approvals;
  readonly rollback: RollbackDeps;
  readonly tools: ToolDeps;
  readonly security: SecurityDeps;
  readonly console: ConsoleDeps;
  readonly metrics: MetricReads;
  readonly live: LiveReads;
  readonly readiness: () => Readiness;
  /** Where answers wait that callers do not read. */
  readonly unread: UnreadRoom;
  readonly emit: Emit;
  readonly settings: HttpSettings;
};

/** Conversations, for the key that holds them. */
export type TurnDeps = {
  readonly open: OpenTurnOf;
  readonly sessionAgent: SessionAgent;
  readonly kept: KeptTurns;
  readonly conversations: Conversations;
};

export type ReadyStatus = 'starting' | 'ready' | 'draining';

/** Whether requests are welcome, and what of the start is not done. */
export type Readiness = { readonly status: ReadyStatus; readonly waitingFor: readonly string[] };

export type HttpSettings = {
  readonly bodyLimitBytes: number;
  /** Origins of pages that may call; `*` for all, none turns CORS off. */
  readonly corsOrigins: readonly string[];
  readonly trustProxy: boolean;
  /** Longest time for a request to arrive whole, in milliseconds. Default 60 s. */
  readonly requestTimeoutMs?: number;
  /** The same of its headers alone. Default 20 s. */
  readonly headersTimeoutMs?: number;
  /** Longest silence of an event stream. Default 15 s. */
  readonly keepAliveMs?: number;
  /** How long what a refused caller goes on sending is read and dropped. Default 5 s. */
  readonly lingerMs?: number;
  /** How long those wait who may come again. */
  readonly flights?: FlightTimes;
  /** Version of the gateway, for the API description. */
  readonly version: string;
};

/** What the routes for operators read and do; what takes a viewer, within its scopes. */
export type AdminReads = {
  readonly agents: (viewer: Caller, query: AgentQuery) => AgentPage;
  readonly errors: (query: DiagnosticQuery) => DiagnosticPage;
  /** Takes those off the list, for good unless they are seen again; how many. */
  readonly acknowledgeErrors: (filter: DiagnosticFilter) => Promise<number>;
  readonly refresh: (options: { readonly force: boolean }) => Promise<RefreshReport>;
  readonly upstreams: () => Promise<readonly UpstreamStatus[]>;
  /** @throws GatewayError `invalid_value` for what is no page, or too much. */
  readonly usage: (viewer: Caller, query: UsageQuery) => Promise<UsagePage>;
  readonly runs: RunReads;
  readonly runAgain: RunAgain;
  readonly data: DataAdministration;
};

/** What runs did, for a viewer within its rights. */
type RunReads = {
  readonly list: (viewer: Caller, query: RunsQuery) => Promise<RunPage>;
  /** @throws GatewayError `record_not_found`, `not_allowed` for what the steps held. */
  readonly show: (viewer: Caller, runId: string, query: StepsQuery) => Promise<RunDetail>;
};

/**
 * Going back to what an agent was, for the caller who asks: within its scopes and where rules let it. All throw
 * `GatewayError`.
 */
export type RollbackDeps = {
  readonly generations: (viewer: Caller, agent: string) => Promise<AgentGenerations>;
  /** `to` is null for the newest that is older than what serves. */
  readonly rollBack: (
    caller: Caller,
    wanted: { readonly agent: string; readonly to: number | null },
  ) => Promise<RollbackReport>;
  readonly release: (caller: Caller, agent: string) => Promise<RollbackReport>;
};

/** The gateway's own tools. */
export type ToolDeps = {
  readonly list: () => ToolList;
  /** Reads the settings again. */
  readonly refresh: () => Promise<ToolsRefresh>;
  /** Calls one for the caller, as far as rules let it. */
  readonly call: (
    caller: Caller,
    wanted: { readonly tool: string; readonly args: unknown; readonly signal: AbortSignal },
  ) => Promise<ToolCallReport>;
};

/** What is counted, as Prometheus scrapes it and as JSON. */
export type MetricReads = {
  readonly exposition: () => Promise<{ readonly type: string; readonly text: string }>;
  /** A `metricsAnswer` as JSON, written once for all who ask at the same time. */
  readonly report: () => Promise<string>;
};

/** What happens, as it does, and how the gateway is meanwhile. */
export type LiveReads = {
  readonly status: () => Promise<GatewayStatus>;
  readonly feed: EventFeed;
  /** @throws GatewayError `rate_limited` where too many views are open. */
  readonly view: (viewer: Caller) => EventView;
};

/** What is kept of a key or a user. All throw `GatewayError`. */
export type DataAdministration = {
  readonly list: (query: DataQuery) => Promise<DataAnswer>;
  /** Ends its runs; from then on nothing is kept of them. */
  readonly begin: (caller: Caller, query: DataQuery) => Promise<Deletion>;
};

/** A deletion that was begun. */
export type Deletion = {
  readonly isOf: (owner: Owner) => boolean;
  /** Waits for the runs that were ended, for a while, and deletes what is kept. */
  readonly finish: () => Promise<DataAnswer>;
};
