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

/** How a call ended. */
export const toolOutcomes = ['ok', 'failed', 'denied', 'timeout', 'aborted'] as const;

export type ToolOutcome = (typeof toolOutcomes)[number];
