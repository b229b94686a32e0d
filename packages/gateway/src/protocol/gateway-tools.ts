/** A JSON schema of an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A gateway tool as agents, and the models they ask, know it. */
export type GatewayToolInfo = {
  readonly name: string;
  readonly description: string;
  /** JSON schema of its arguments, an object. */
  readonly parameters: JsonSchema;
};

/** What a worker knows of the gateway's tools. */
export type GatewayToolTable = {
  readonly tools: readonly GatewayToolInfo[];
  /** Names of those that its agent is given without asking for them. */
  readonly offered: readonly string[];
};

/** Why a call of a gateway tool came to nothing that says more than its outcome. */
export const toolViolations = ['denied', 'unknown', 'bad_arguments'] as const;

export type ToolViolation = (typeof toolViolations)[number];

/** What a cache had to do with a call; `joined` waited for an equal call under way. */
export const cacheResults = ['hit', 'miss', 'joined'] as const;

export type CacheResult = (typeof cacheResults)[number];

/** One call of a gateway tool. */
export type GatewayToolCall = {
  readonly tool: string;
  /** As the model wrote them; checked before anything else. */
  readonly args: unknown;
  /** Whose results it may be given from the cache. */
  readonly keyId: string;
  /** Neither looks into the cache nor leaves anything there. */
  readonly noCache: boolean;
  readonly signal: AbortSignal;
  /** Asks the rules, with arguments that fit the schema, and records the answer. */
  readonly isAllowed: (args: unknown) => boolean;
};

/** How a call ended. */
export const toolOutcomes = ['ok', 'failed', 'denied', 'timeout', 'aborted'] as const;

export type ToolOutcome = (typeof toolOutcomes)[number];

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
};

/** Calls a gateway tool. Never rejects. */
export type CallGatewayTool = (call: GatewayToolCall) => Promise<GatewayToolResult>;
