import type { Provenance } from './run.ts';
import type { EndUser } from './security/user-principal.ts';
import type { RunLimits } from './usage/run-limits.ts';

/** Roles of which each may do what those before it may. */
export const cumulativeRoles = ['caller', 'operator', 'admin'] as const;

/** What a key is for. `metrics` may only scrape. */
export const roles = [...cumulativeRoles, 'metrics'] as const;

export type Role = (typeof roles)[number];

/** What can be asked for. */
export const actions = [
  'list_agents',
  'run_agent',
  'call_tool',
  'load_module',
  'read_runs',
  'raise_limits',
  'answer_approvals',
  'administer',
] as const;

export type Action = (typeof actions)[number];

/** What rules of the settings are about: limits of runs are raised by overrides alone, which end. */
export const ruleActions = actions.filter((action) => action !== 'raise_limits');

/** What an override does, and most rules. */
export const effects = ['allow', 'deny'] as const;

export type Effect = (typeof effects)[number];

/** What a rule of the settings may say. `require_approval`, of tools: a person has to approve each call. */
export const ruleEffects = [...effects, 'require_approval'] as const;

export type RuleEffect = (typeof ruleEffects)[number];

/** What a question is answered: of tool calls, also that a person has to approve them. What is not allowed is not done. */
export type Answer = RuleEffect;

/**
 * What is known of a tool call before it is made: `ask` where its arguments, or the time, decide. `require_approval`: a
 * person has to approve each call; `ask_approval`: its arguments, or the time, decide about that too.
 */
export const toolVerdicts = [...effects, 'ask', 'require_approval', 'ask_approval'] as const;

export type ToolVerdict = (typeof toolVerdicts)[number];

/** Where a rule is from. */
export const ruleSources = ['override', 'config', 'namespace', 'built_in'] as const;

export type RuleSource = (typeof ruleSources)[number];

/** Tiers in the order they are evaluated: the first with a rule that fits decides, deny before allow in it. */
export const tiers = {
  /** What a key's role or scopes rule out before any rule. */
  ceiling: 0,
  overrideDeny: 1,
  /** An override that allows in spite of the settings. */
  breakGlass: 2,
  configDeny: 3,
  overrideAllow: 4,
  configAllow: 5,
  namespace: 6,
  builtIn: 7,
  /** No rule fits, which denies. */
  none: 8,
} as const;

/** The limits of a key, by the names that JSON and settings have for them. */
export const limitNames = {
  requestsPerMinute: 'requests_per_minute',
  concurrentRuns: 'concurrent_runs',
  tokensPerDay: 'tokens_per_day',
  tokensPerMonth: 'tokens_per_month',
  usdPerDay: 'usd_per_day',
  usdPerMonth: 'usd_per_month',
} as const;

/** What a key may use at most; null is without limit. Tokens and US dollars are those of model calls in a UTC day or month. */
export type KeyLimits = { readonly [Name in keyof typeof limitNames]: number | null };

/** What becomes of model calls that an agent makes while it has no run. */
export const outsideCalls = ['refuse_budgeted', 'charge', 'refuse', 'allow'] as const;

export type OutsideCalls = (typeof outsideCalls)[number];

/** Limits of a key, each as a function tells it. */
export function keyLimits(limitOf: (name: keyof KeyLimits) => number | null): KeyLimits {
  return {
    requestsPerMinute: limitOf('requestsPerMinute'),
    concurrentRuns: limitOf('concurrentRuns'),
    tokensPerDay: limitOf('tokensPerDay'),
    tokensPerMonth: limitOf('tokensPerMonth'),
    usdPerDay: limitOf('usdPerDay'),
    usdPerMonth: limitOf('usdPerMonth'),
  };
}

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
  /** Of each of its runs; null where `security.run_limits` holds. */
  readonly runLimits: RunLimits | null;
  /** Whether what it says of the person behind a request counts. */
  readonly forwardsUsers: boolean;
  readonly createdAtSeconds: number;
  readonly createdBy: string;
  readonly expiresAtSeconds: number | null;
  readonly revokedAtSeconds: number | null;
  /** Id of the key that this one replaces; null for one made anew. */
  readonly rotatedFrom: string | null;
  /** When the key was last used, to the minute; null for never. */
  readonly lastUsedAtSeconds: number | null;
};

/** Who holds a secret: a key, or a token of an identity provider. */
export type KeyHolder = {
  /** Of a token its principal, `oidc:<issuer>:<subject>`. */
  readonly keyId: string;
  /** Of a token what its claims call the person: for people to read, rules know the principal alone. */
  readonly keyName: string;
  readonly role: Role;
  readonly namespaces: readonly string[] | null;
  readonly agents: readonly string[] | null;
  /** Of a token: the name of its issuer in the settings, and when it ends, in Unix seconds. */
  readonly token?: { readonly issuer: string; readonly expiresAtSeconds: number };
  /** Of a key that may say for whom of its users a request is. */
  readonly forwardsUsers?: true;
};

/** Who asks: the key of an authenticated request. */
export type Caller = KeyHolder & {
  readonly requestId: string;
  /** For whom of its users it is; only of a key that forwards them. */
  readonly user?: EndUser;
  /** The trace that the request is part of, in the form of W3C Trace Context; absent where its sender named none. */
  readonly traceparent?: string;
};

/** A key as rules see it. */
export type KeyPrincipal = {
  readonly type: 'key';
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly namespaces: readonly string[] | null;
  readonly agents: readonly string[] | null;
  /** For whom it asks. */
  readonly user?: EndUser;
};

/**
 * Who asks, as rules see it: a key with its scopes, or an agent. An agent that runs for a key (`key`) is fitted by
 * rules about either: `agent:labs/*` as well as the key's id, name or role.
 */
export type Principal =
  | KeyPrincipal
  | { readonly type: 'agent'; readonly id: string; readonly key?: KeyPrincipal };

/** Who makes and ends keys and overrides: a key by its id, or `cli:<os user>`. */
export type Actor = { readonly id: string; readonly principal: KeyPrincipal };

/** What is known of a question beside its main parts; `when` conditions see it as `context`. */
export type QuestionContext = {
  /** Model id of the agent that runs or is asked for; empty where there is none. */
  readonly agent_id?: string;
  /** Of a tool call. */
  readonly provenance?: Provenance;
  /** Of a key that forwards its users the person; else `user` of the request, the caller's own word. */
  readonly user?: string;
  /** Of the request: the caller's own words, not proof of anything. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/** For whom an agent works: the key of a run, and what the request said beside it. */
export type RunCaller = {
  readonly key: KeyPrincipal;
  /** `user` and `metadata` of the request. */
  readonly request: Pick<QuestionContext, 'user' | 'metadata'>;
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
  /** Of `answer_approvals`: whether who asks answers for a run of its own. */
  readonly isOwn?: boolean;
};

/** One line of policy. Globs know `*` only, which also crosses `/`. `tier` is one of `tiers`. */
export type Rule = {
  readonly id: string;
  readonly effect: Effect;
  readonly action: Action;
  /** Of a deny: it denies what no person approves. */
  readonly requiresApproval?: true;
  readonly principals: readonly string[];
  readonly resources: readonly string[];
  /** What `principals` and `resources` fit but the rule leaves out; made of defaults only. */
  readonly exceptPrincipals?: readonly string[];
  readonly exceptResources?: readonly string[];
  /** Tool calls of these provenances only; made of namespace defaults only. */
  readonly provenances?: readonly Provenance[];
  /** What is one's own only; made of defaults only. */
  readonly ofOwn?: true;
  /** Of a rule that asks for approval: patterns of the principals that alone may answer. */
  readonly approvers?: readonly string[];
  /** CEL over `principal`, `resource`, `args` and `context`; true where the rule fits. */
  readonly when?: string;
  readonly tier: number;
  readonly source: RuleSource;
  /** Of an override of `raise_limits`. */
  readonly limits?: RunLimits;
  /** Unix seconds; the rule holds until then, exclusive. */
  readonly expiresAtSeconds?: number;
  readonly reason?: string;
};

/** The answer, with the rule that decided; null where none matched. */
export type Decision = { readonly answer: Answer; readonly rule: Rule | null };

/** A short-lived rule as stored. Times are Unix seconds. */
export type OverrideRecord = {
  /** `ovr_…`. */
  readonly id: string;
  /** Glob over key ids and names, `role:<role>` or `agent:<glob>`. */
  readonly principal: string;
  readonly action: Action;
  /** Glob over what the action is about. */
  readonly resource: string;
  readonly effect: Effect;
  /** An allow that is heard before the denying rules of `gateway.yaml`. */
  readonly breakGlass: boolean;
  /** Of `raise_limits`: what holds in place of tighter limits of runs; null of any other. */
  readonly limits: RunLimits | null;
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
  /** For whom of the caller's users, where it forwards them. */
  readonly user: string | null;
  readonly role: Role | null;
  readonly action: Action;
  readonly effect: Answer;
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
