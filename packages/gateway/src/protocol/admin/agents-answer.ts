import { z } from 'zod';
import { diagnosticSchema } from '../diagnostics.ts';
import type { Inferred } from '../inferred.ts';
import { languages } from '../module.ts';
import { pageSize } from '../pages.ts';
import { manifestSchema } from '../records.ts';
import { provenanceSchema } from '../run-events.ts';

/** `degraded` goes on serving an older generation than its files are, or its process dies again and again. */
export const agentStates = ['loading', 'ready', 'degraded', 'failed'] as const;

export type AgentState = (typeof agentStates)[number];

const { kind, model, upstream, files } = manifestSchema.shape;

/** One agent of the hand-off graph of a module. */
const agentPart = z.object({
  name: z.string(),
  model: z.string().nullable(),
  tools: z.array(z.string()),
  handoffs: z.array(z.string()).describe('Names of the agents it can hand off to.'),
  input_guardrails: z.array(z.string()),
  output_guardrails: z.array(z.string()),
  output_type: z.string().describe('`text`, or the name of its output schema.'),
  mcp_servers: z.array(z.string()),
});

const loadedFile = files.element.extend({
  modified_at: z
    .string()
    .nullable()
    .describe('ISO 8601, of the file as it was loaded; null where that is not known.'),
});

/** Whether an operator holds an agent at a generation. */
export const pinSchema = z
  .object({
    since: z.string().describe('ISO 8601.'),
    by: z.string().describe('Id of the key that went back.'),
  })
  .nullable()
  .describe('Set where an operator went back to what serves, until its files change.');

const listedTool = z.object({
  name: z.string(),
  provenance: provenanceSchema.describe('Who executes it.'),
  description: z.string().nullable(),
  needs_approval: z.boolean().describe('Each call waits for a person.'),
});

const agentStatus = z.object({
  id: z.string().describe('Model id.'),
  module_path: z.string().describe('Below the project root.'),
  language: z.enum(languages),
  status: z.enum(agentStates),
  generation: z.int().nullable().describe('Null where nothing of it serves.'),
  loaded_at: z.string().nullable().describe('ISO 8601.'),
  load_ms: z.number().nullable().describe('How long that took.'),
  pinned: pinSchema,
  display_name: z.string(),
  description: z.string().nullable(),
  kind: kind.nullable(),
  export: z.string().nullable(),
  exports: z.array(z.string()),
  model: model.nullable().describe('Without a name the SDK’s default holds.'),
  upstream: upstream.nullable(),
  tools: z.array(z.string()),
  tool_details: z
    .array(listedTool)
    .describe('The same tools; those of MCP servers are known when a run asks for them.'),
  mcp_servers: z.array(z.string()).describe('Names of the MCP servers that it asks for tools.'),
  handoffs: z.array(z.string()),
  guardrails: z.array(z.string()),
  parts: z
    .array(agentPart)
    .describe('The agents that it is made of, the one that answers first; empty of plain code.'),
  active_runs: z.int().describe('In this gateway.'),
  waiting_runs: z.int().describe('For a place among those.'),
  tests_gate: z
    .boolean()
    .describe('Whether a new version serves only where its own cases pass (`tests: gate`).'),
  sdk_version: z.string().nullable(),
  files: z.array(loadedFile).describe('What was loaded.'),
  diagnostics: z
    .array(diagnosticSchema)
    .describe('The newest; `GET /admin/agents/errors?agent=` has all.'),
});

/** A module as operators see it. */
export type AgentStatus = Inferred<typeof agentStatus>;

/** Query of `GET /admin/agents`. */
export const agentsQuery = z.object({
  after: z.string().optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.most),
});

/** Which page of the agents. */
export type AgentQuery = {
  /** `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
};

/** `GET /admin/agents`. */
export const agentsAnswer = z.object({
  agents: z.array(agentStatus),
  next: z.string().nullable().describe('To be sent as `after`; null on the last page.'),
});

export type AgentPage = Inferred<typeof agentsAnswer>;
