import { z } from 'zod';
import { findingSchema } from '../diagnostics.ts';
import type { Inferred } from '../inferred.ts';
import { cacheResults, toolOutcomes, toolViolations } from '../tools/gateway-tools.ts';

const lastError = z.object({
  at: z.string().describe('ISO 8601.'),
  outcome: z.enum(toolOutcomes),
  message: z.string().nullable(),
  agent_id: z.string().nullable().describe('Null where an operator called it.'),
});

/** What came of the calls of a gateway tool since the gateway started. */
export const toolCounts = z.object({
  calls: z.int(),
  errors: z.int().describe('Calls that failed or took too long.'),
  denied: z.int(),
  p95_ms: z.number().nullable().describe('Of the latest calls; null before the first.'),
  cache_hit_rate: z
    .number()
    .nullable()
    .describe('Share of calls that a kept result or a call under way answered; null without any.'),
  last_error: lastError.nullable(),
});

/** A `toolCounts`. */
export type ToolCounts = Inferred<typeof toolCounts>;

const moduleStatus = z.object({
  path: z.string().describe('Below the project root.'),
  generation: z.int().nullable().describe('Number of the version that serves.'),
  diagnostics: z.array(findingSchema).describe('What is wrong with it as it lies there.'),
});

const toolStatus = z.object({
  name: z.string(),
  kind: z.string(),
  source: z
    .string()
    .describe('Name of its entry in `tools` of gateway.yaml; a server there gives several tools.'),
  description: z.string(),
  parameters: z.record(z.string(), z.unknown()).describe('JSON schema of its arguments.'),
  provenance: z.literal('gateway'),
  state: z
    .enum(['ready', 'degraded', 'not_ready'])
    .describe('`degraded`: an older version of its module serves, or its process dies often.'),
  problem: z.string().nullable().describe('Why it cannot be called, or is degraded.'),
  module: moduleStatus.nullable().describe('Of a tool of kind `module`.'),
  cache: z
    .object({ ttl_seconds: z.int(), shared: z.boolean() })
    .nullable()
    .describe('How long results are kept for equal calls; null where none is.'),
  used_by: z.array(z.string()).describe('Model ids of the agents that ask for it.'),
  offered_in: z
    .array(z.string())
    .describe('Namespaces of the settings that give it to all of their agents.'),
  ...toolCounts.shape,
});

/** A gateway tool as operators see it. */
export type ToolStatus = Inferred<typeof toolStatus>;

const sourceProblem = z.object({
  source: z.string().describe('Name of the entry in `tools` of gateway.yaml, or of a module.'),
  problem: z.string(),
});

const toolServer = z.object({
  name: z.string().describe('Of the entry in `tools` of gateway.yaml.'),
  kind: z.string(),
  state: z
    .enum(['ready', 'connecting', 'not_ready'])
    .describe('`connecting`: it has not said yet which tools it has.'),
  problem: z.string().nullable().describe('Why it gives no tools, or not all.'),
  tools: z.int().describe('How many it gives now.'),
});

/** An entry that gives several tools, such as an MCP server. */
export type ToolServer = Inferred<typeof toolServer>;

/** `GET /admin/tools`: by name. */
export const toolsAnswer = z.object({
  tools: z.array(toolStatus),
  servers: z.array(toolServer).describe('Entries that give several tools, such as MCP servers.'),
  problems: z
    .array(sourceProblem)
    .describe('Entries and modules that give no tool now, or not all that they should.'),
});

export type ToolList = Inferred<typeof toolsAnswer>;

/** `POST /admin/tools/refresh`: the tools of the settings as they are now. */
export const toolsRefreshAnswer = toolsAnswer.extend({
  warnings: z.array(findingSchema).describe('What is wrong with the settings.'),
});

export type ToolsRefresh = Inferred<typeof toolsRefreshAnswer>;

/** Path of `POST /admin/tools/:name/call`. */
export const toolCallParams = z.object({ name: z.string().min(1).max(200) });

/** Body of `POST /admin/tools/:name/call`. */
export const toolCallBody = z.strictObject({
  arguments: z
    .unknown()
    .optional()
    .describe('As a model would give them: an object that fits the schema.'),
});

/** `POST /admin/tools/:name/call`: what a model would be told, and what came of the call. */
export const toolCallAnswer = z.object({
  tool: z.string(),
  outcome: z.enum(toolOutcomes),
  result: z.string().describe('What a model is told: the result, or what is wrong.'),
  error: z.string().nullable().describe('What went wrong, for operators.'),
  violation: z.enum(toolViolations).nullable(),
  cache: z.enum(cacheResults).nullable().describe('Null where no cache was asked.'),
  duration_ms: z.number(),
  argument_bytes: z.int(),
  result_bytes: z.int(),
});

export type ToolCallReport = Inferred<typeof toolCallAnswer>;
