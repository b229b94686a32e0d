import { z } from 'zod';
import type { AgentState } from '../protocol/admin/agents-answer.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FailureDetail } from '../protocol/run.ts';
import { isNetwork } from '../protocol/security/network.ts';
import type { JsonSchema } from '../protocol/tools/gateway-tools.ts';
import type { GatewayToolCall } from '../protocol/tools/tool-call.ts';
import type { Environment } from './outbound/dispatchers.ts';
import type { SafeFetch } from './outbound/safe-fetch.ts';

/** A tool that can be called. */
export type Tool = {
  readonly description: string;
  /** JSON schema of its arguments, an object. */
  readonly parameters: JsonSchema;
  /** Why it cannot be called as it is set up, for admins; null where nothing stands in its way. */
  readonly problem: () => string | null;
  /**
   * Gives the result. `args` fit the schema; `signal` ends the call.
   *
   * @throws ToolError with a message for the model; anything else is told to admins alone.
   */
  readonly call: (
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    asked: AskedCall,
  ) => Promise<string>;
};

/** What is known of a call beside its arguments. */
export type AskedCall = Pick<GatewayToolCall, 'caller' | 'requestId' | 'traceparent'> & {
  /** A longer result is cut after so many bytes. */
  readonly maxBytes: number;
};

type ToolErrorOptions = ErrorOptions & {
  readonly detail?: FailureDetail;
  readonly isTimeout?: true;
};

/** What went wrong in a call, and what a model can do about it. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  /** What admins are told in place of the message. */
  readonly detail: FailureDetail | null;
  readonly isTimeout: boolean;

  constructor(message: string, options: ToolErrorOptions = {}) {
    super(message, options);
    this.detail = options.detail ?? null;
    this.isTimeout = options.isTimeout ?? false;
  }
}

/** A module that gives a tool, and what became of it. */
export type ToolModule = {
  /** Of the tool, as agents use it. */
  readonly name: string;
  /** Below the project root. */
  readonly path: string;
  readonly state: AgentState;
  /** Number of the version that serves; null for none. */
  readonly generation: number | null;
  readonly findings: readonly Finding[];
  /** Another one for each version; null while none serves. */
  readonly tool: Tool | null;
};

/** The modules that there are. */
export type ToolModules = {
  /** By name. */
  readonly list: () => readonly ToolModule[];
  readonly find: (name: string) => ToolModule | null;
  /** False before they were looked for. */
  readonly areKnown: () => boolean;
  /** Calls back when there are others, or another version of one. */
  readonly onChange: (listener: () => void) => void;
};

/** What kinds make their tools of, beside the settings. */
export type ToolParts = {
  readonly fetch: SafeFetch['fetch'];
  readonly stream: SafeFetch['stream'];
  readonly modules: ToolModules;
  /** Where secrets are looked up. */
  readonly environment: () => Environment;
  /** Absolute. */
  readonly projectRoot: string;
  /** Told of each value that is shown to nobody. */
  readonly onSecret: (value: string) => void;
};

/** What one entry of the settings gives: tools that may come and go. */
export type ToolSource = {
  /** Those that it has now, by the names that agents use. */
  readonly tools: () => ReadonlyMap<string, Tool>;
  /** Why it has none, or not those that it should have, for admins; null where nothing is wrong. */
  readonly problem: () => string | null;
  /** Whether it has not said yet which tools it has, and nothing is known to be wrong. */
  readonly isAwaited: () => boolean;
  /** Whether it may come to have a tool of that name. */
  readonly mayHave: (name: string) => boolean;
  /** Begins to look for them; not called where nothing is to run. */
  readonly start: () => void;
  /** Looks for them anew. Never rejects. */
  readonly refresh: () => Promise<void>;
  /** Ends what it started. Never rejects. */
  readonly close: () => Promise<void>;
};

/** What a source makes its tools of, beside the settings. */
export type SourceParts = ToolParts & {
  /** Of the entry in the settings. */
  readonly name: string;
  /** Told when it has other tools, or another problem. */
  readonly onChange: () => void;
};

/** A kind of tool: how it is set up, and what it makes of that: one tool, or a source of several. */
export type ToolKind<Schema extends z.ZodType = z.ZodType> = {
  readonly settings: Schema;
} & (
  | { readonly create: (settings: z.output<Schema>, parts: ToolParts) => Tool }
  | { readonly open: (settings: z.output<Schema>, parts: SourceParts) => ToolSource }
);

/** Checks a kind against its own settings. */
export function defineToolKind<Schema extends z.ZodType>(kind: ToolKind<Schema>): ToolKind<Schema> {
  return kind;
}

/** The source of a tool that is there, as long as it is set up. */
export function sourceOf(name: string, tool: Tool): ToolSource {
  const tools = new Map([[name, tool]]);
  return {
    tools: () => tools,
    problem: tool.problem,
    isAwaited: () => false,
    mayHave: () => false,
    start: () => undefined,
    refresh: async () => undefined,
    close: async () => undefined,
  };
}

/** Settings that tools of every kind have. */
export const commonSettings = {
  description: z.string().min(1).max(4000).optional().describe('What models are told of the tool.'),
  timeout_ms: z
    .int()
    .min(1)
    .max(600_000)
    .default(30_000)
    .describe('How long one call may take, in milliseconds.'),
  max_result_bytes: z
    .int()
    .min(100)
    .max(8 * 1024 * 1024)
    .default(64 * 1024)
    .describe('Largest result, in bytes; a longer one is cut, and says so.'),
  max_concurrent_calls: z
    .int()
    .min(1)
    .max(1000)
    .default(16)
    .describe('Most calls at the same time; further ones wait.'),
  cache: z
    .strictObject({
      ttl_seconds: z
        .int()
        .min(1)
        .max(86_400)
        .describe('How long a result is given again to equal calls, in seconds.'),
      max_entries: z.int().min(1).max(100_000).default(1000).describe('Most results kept.'),
      shared: z
        .boolean()
        .default(false)
        .describe('Whether a result of one key is given to others too.'),
    })
    .optional()
    .describe('Keeps results for equal calls. Without it nothing is kept.'),
};

const hosts = z
  .array(z.string().min(1).max(253))
  .meta({ allowed: 'a list of names of hosts, in which `*` stands for anything' });

/** Settings of tools that ask servers outside. */
export const outboundSettings = {
  deny_hosts: hosts.default([]).describe('Hosts it never reaches, whatever allows them.'),
  allow_addresses: z
    .array(z.string().refine(isNetwork))
    .default([])
    .meta({ allowed: 'a list of addresses and networks, such as [127.0.0.1, 10.1.0.0/16]' })
    .describe(
      'Addresses of this machine and of private networks that it may connect to; without them none.',
    ),
};

/** Hosts that a tool may reach. */
export const allowHosts = hosts;
