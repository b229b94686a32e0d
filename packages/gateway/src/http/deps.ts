import type { Emit } from '../events.ts';
import type { LimitChecks } from '../policy/limits/limit-checks.ts';
import type { Diagnostic, Severity, Stage } from '../protocol/diagnostics.ts';
import type { Caller } from '../protocol/policy.ts';
import type { ModelInfo } from '../registry/model-info.ts';
import type { StartRun } from '../runs/start-run.ts';
import type { SecurityDeps } from './security-deps.ts';

/** What the HTTP side needs of the gateway. */
export type HttpDeps = {
  /**
   * The key behind a secret; null for an unknown, revoked or expired one.
   *
   * @throws GatewayError `store_unavailable` where keys cannot be told any more.
   */
  readonly authenticate: (secret: string) => KeyHolder | null;
  /** Asked before a body is read. */
  readonly limits: LimitChecks;
  /** @throws GatewayError before anything runs: 400, 403, 404, 429, 503. */
  readonly startRun: StartRun;
  /** The agents that the caller may see. */
  readonly listModels: (caller: Caller) => Promise<readonly ModelInfo[]> | readonly ModelInfo[];
  /** Decides whether a route for administration answers; `resource` is the route's canonical path. */
  readonly mayAdminister: (caller: Caller, resource: string) => boolean;
  readonly admin: AdminReads;
  readonly security: SecurityDeps;
  readonly metrics: MetricReads;
  readonly readiness: () => Readiness;
  readonly emit: Emit;
  readonly settings: HttpSettings;
};

/** A caller before its request has an id. */
export type KeyHolder = Omit<Caller, 'requestId'>;

export type Readiness = 'starting' | 'ready' | 'draining';

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
  /** Version of the gateway, for the API description. */
  readonly version: string;
};

/** What the routes for operators read and do; what takes a viewer, within its scopes. Results are sent as they are. */
export type AdminReads = {
  readonly agents: (viewer: Caller) => readonly unknown[] | Promise<readonly unknown[]>;
  readonly errors: (query: ErrorsQuery) => DiagnosticPage | Promise<DiagnosticPage>;
  readonly refresh: (options: { readonly force: boolean }) => Promise<unknown>;
  readonly upstreams: () => unknown;
  readonly usage: () => unknown;
  readonly runs: (viewer: Caller) => unknown;
};

/** What is counted, as Prometheus scrapes it and as JSON. */
export type MetricReads = {
  readonly exposition: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly report: () => Promise<unknown>;
};

/** Filters of the list of diagnostics; all given ones must fit. */
export type ErrorsQuery = {
  readonly agent?: string;
  readonly stage?: Stage;
  readonly severity?: Severity;
  /** ISO 8601, UTC: last seen at or after it. */
  readonly since?: string;
  /** `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
};

export type DiagnosticPage = {
  readonly errors: readonly Diagnostic[];
  readonly next: string | null;
};
