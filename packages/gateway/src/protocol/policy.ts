import type { Provenance } from './run.ts';

/** Roles are cumulative from `caller` to `admin`; `metrics` may only scrape. */
export type Role = 'caller' | 'operator' | 'admin' | 'metrics';

/** What a key may use at most; null is without limit. */
export type KeyLimits = {
  readonly requestsPerMinute: number | null;
  readonly concurrentRuns: number | null;
  /** Tokens of model calls, in and out, in a UTC day. */
  readonly tokensPerDay: number | null;
  /** The same in a UTC month. */
  readonly tokensPerMonth: number | null;
};

/** An API key as stored. The secret itself is never kept. Times are Unix seconds. */
export type KeyRecord = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  /** Namespaces the key may reach; null means all. */
  readonly namespaces: readonly string[] | null;
  /** Globs over model ids the key may reach; null means all. */
  readonly agents: readonly string[] | null;
  readonly limits: KeyLimits;
  readonly createdAtSeconds: number;
  readonly createdBy: string;
  readonly expiresAtSeconds: number | null;
  readonly revokedAtSeconds: number | null;
  /** Id of the key that this one replaces; null for one made anew. */
  readonly rotatedFrom: string | null;
  /** When the key was last used, to the minute; null for never. */
  readonly lastUsedAtSeconds: number | null;
};

/** Who asks: the key of an authenticated request. */
export type Caller = {
  readonly keyId: string;
  readonly keyName: string;
  readonly role: Role;
  readonly namespaces: readonly string[] | null;
  readonly agents: readonly string[] | null;
  readonly requestId: string;
};

export type Action = 'list_agents' | 'run_agent' | 'call_tool' | 'load_module' | 'administer';

/** A key as rules see it. */
export type KeyPrincipal = {
  readonly type: 'key';
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly namespaces: readonly string[] | null;
  readonly agents: readonly string[] | null;
};

/**
 * Who asks, as rules see it: a key with its scopes, or an agent. An agent that runs for a key (`key`) is fitted by
 * rules about either: `agent:labs/*` as well as the key's id, name or role.
 */
export type Principal =
  | KeyPrincipal
  | { readonly type: 'agent'; readonly id: string; readonly key?: KeyPrincipal };

/** What is known of a question beside its main parts; `when` conditions see it as `context`. */
export type QuestionContext = {
  /** Model id of the agent that runs or is asked for; empty where there is none. */
  readonly agent_id?: string;
  /** Of a tool call. */
  readonly provenance?: Provenance;
  /** `user` and `metadata` of the request: the caller's own words, not proof of anything. */
  readonly user?: string;
  readonly metadata?: Readonly<Record<string, string>>;
};

export type Question = {
  readonly principal: Principal;
  readonly action: Action;
  /** Model id, tool name, module path or route, by action. */
  readonly resource: string;
  /** Other names of the resource that patterns may fit: `sha256:<hex>` of a module's bytes. */
  readonly aliases?: readonly string[];
  /** Arguments of a tool call; absent where they are not known (yet). */
  readonly args?: unknown;
  readonly context?: QuestionContext;
  /** The module it is about, below the project root: for the log, rules do not see it. */
  readonly modulePath?: string;
};

export type RuleSource = 'override' | 'config' | 'namespace' | 'built_in';

/** One line of policy. Globs know `*` only, which also crosses `/`. `tier` is 1 to 8 (docs/architecture.md). */
export type Rule = {
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  readonly action: Action;
  readonly principals: readonly string[];
  readonly resources: readonly string[];
  /** What `principals` and `resources` fit but the rule leaves out; made of namespace defaults only. */
  readonly exceptPrincipals?: readonly string[];
  readonly exceptResources?: readonly string[];
  /** Tool calls of these provenances only; made of namespace defaults only. */
  readonly provenances?: readonly Provenance[];
  /** CEL over `principal`, `resource`, `args` and `context`; true where the rule fits. */
  readonly when?: string;
  readonly tier: number;
  readonly source: RuleSource;
  /** Unix seconds; the rule holds until then, exclusive. */
  readonly expiresAtSeconds?: number;
  readonly reason?: string;
};

/** Allow or deny, with the rule that decided; null where none matched. */
export type Decision = { readonly answer: 'allow' | 'deny'; readonly rule: Rule | null };

/** A short-lived rule as stored. Times are Unix seconds. */
export type OverrideRecord = {
  /** `ovr_…`. */
  readonly id: string;
  /** Glob over key ids and names, `role:<role>` or `agent:<glob>`. */
  readonly principal: string;
  readonly action: Action;
  /** Glob over what the action is about. */
  readonly resource: string;
  readonly effect: 'allow' | 'deny';
  /** An allow that is heard before the denying rules of `gateway.yaml`. */
  readonly breakGlass: boolean;
  readonly reason: string;
  /** Id of a key, or `cli:<os user>`. */
  readonly createdBy: string;
  readonly createdAtSeconds: number;
  readonly expiresAtSeconds: number;
  readonly revokedAtSeconds: number | null;
  readonly revokedBy: string | null;
};

/** A decision as kept. */
export type DecisionRecord = {
  /** `dec_…`, in order of time when sorted as text. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly requestId: string | null;
  /** Of the caller; null where an agent asks for itself (loading its module). */
  readonly keyId: string | null;
  readonly role: Role | null;
  readonly action: Action;
  readonly effect: 'allow' | 'deny';
  readonly resource: string;
  readonly agentId: string | null;
  readonly modulePath: string | null;
  readonly tool: string | null;
  /** Null where no rule fitted (tier 8). */
  readonly ruleId: string | null;
  readonly tier: number;
  readonly source: RuleSource | null;
  readonly reason: string | null;
};

/** Filters of the decision log; all given ones must fit. Newest first. */
export type DecisionQuery = {
  readonly keyId?: string;
  readonly agentId?: string;
  readonly action?: Action;
  readonly effect?: 'allow' | 'deny';
  readonly tool?: string;
  readonly ruleId?: string;
  readonly requestId?: string;
  /** ISO 8601, UTC: at or after it. */
  readonly since?: string;
  /** ISO 8601, UTC: before it. */
  readonly until?: string;
  /** `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
};

export type DecisionPage = {
  readonly decisions: readonly DecisionRecord[];
  /** To be given as `after` for the page that follows; null on the last one. */
  readonly next: string | null;
};
