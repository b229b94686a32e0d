/** Roles are cumulative from `caller` to `admin`; `metrics` may only scrape. */
export type Role = 'caller' | 'operator' | 'admin' | 'metrics';

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
  readonly createdAtSeconds: number;
  readonly createdBy: string;
  readonly expiresAtSeconds: number | null;
  readonly revokedAtSeconds: number | null;
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

/** Who asks, as rules see it: a key with its scopes, or an agent. */
export type Principal =
  | {
      readonly type: 'key';
      readonly id: string;
      readonly name: string;
      readonly role: Role;
      readonly namespaces: readonly string[] | null;
      readonly agents: readonly string[] | null;
    }
  | { readonly type: 'agent'; readonly id: string };

export type Question = {
  readonly principal: Principal;
  readonly action: Action;
  /** Model id, tool name, module path or route, by action. */
  readonly resource: string;
};

export type RuleSource = 'override' | 'config' | 'namespace' | 'built_in';

/** One line of policy. Globs know `*` only, which also crosses `/`. `tier` is 1 to 8 (docs/architecture.md). */
export type Rule = {
  readonly id: string;
  readonly effect: 'allow' | 'deny';
  readonly action: Action;
  readonly principals: readonly string[];
  readonly resources: readonly string[];
  readonly tier: number;
  readonly source: RuleSource;
  readonly expiresAtSeconds?: number;
  readonly reason?: string;
};

/** Allow or deny, with the rule that decided; null where none matched. */
export type Decision = { readonly answer: 'allow' | 'deny'; readonly rule: Rule | null };
