import { z } from 'zod';
import { type FailureCode, failures } from '../../errors.ts';
import { runStages, severities, stages } from '../diagnostics.ts';
import { languages } from '../module.ts';
import {
  clientToolsModes,
  guardrailResponses,
  moduleKinds,
  settingSources,
  toolEventsModes,
} from '../records.ts';
import { type FromWorker, reservedMessageTypes } from './messages.ts';

/**
 * Checks what a worker sent: the author's code runs in that process, so nothing it says is taken on trust.
 * Fields that are not known are let through, since a newer worker may say more. Text is checked by hand: it is the hot path.
 *
 * @returns The message itself, `reserved` for a type kept for later (to be passed over), or null for anything else.
 */
export function parseFromWorker(message: {
  readonly type: string;
}): FromWorker | 'reserved' | null {
  if (message.type === 'event' && isTextEvent(message)) return message;
  const schema = schemas.get(message.type);
  if (schema) return schema.safeParse(message).success ? (message as FromWorker) : null;
  return reserved.has(message.type) ? 'reserved' : null;
}

type TextEvent = Extract<FromWorker, { type: 'event' }>;

function isTextEvent(message: { readonly type: string }): message is TextEvent {
  const { runId, event } = message as Partial<Record<keyof TextEvent, unknown>>;
  if (typeof runId !== 'string' || typeof event !== 'object' || event === null) return false;
  const { type, delta } = event as { type?: unknown; delta?: unknown };
  return (type === 'text' || type === 'reasoning') && typeof delta === 'string';
}

const count = z.number().nonnegative();
const names = z.array(z.string());
const provenance = z.enum(['native', 'gateway', 'mcp', 'hosted']);

const usage = z.object({
  requests: count,
  inputTokens: count,
  outputTokens: count,
  cachedInputTokens: count,
  reasoningTokens: count,
});

const failureDetail = z.object({
  class: z.string(),
  message: z.string(),
  stack: z.string().optional(),
  file: z.string().optional(),
  line: z.number().optional(),
  column: z.number().optional(),
  stage: z.enum(runStages),
});

const tool = { callId: z.string(), tool: z.string(), agent: z.string(), provenance };

const runEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), delta: z.string() }),
  z.object({ type: z.literal('reasoning'), delta: z.string() }),
  z.object({ type: z.literal('tool_started'), ...tool }),
  z.object({
    type: z.literal('tool_ended'),
    ...tool,
    outcome: z.enum(['ok', 'denied', 'failed']),
    durationMs: count,
    detail: failureDetail.optional(),
  }),
  z.object({ type: z.literal('handed_off'), fromAgent: z.string(), toAgent: z.string() }),
  z.object({
    type: z.literal('finished'),
    reason: z.enum(['stop', 'length', 'content_filter']),
    usage,
    blockedBy: z.string().optional(),
  }),
  z.object({
    type: z.literal('failed'),
    code: z.enum(Object.keys(failures) as [FailureCode, ...FailureCode[]]),
    message: z.string(),
    detail: failureDetail.optional(),
    retryAfterSeconds: count.optional(),
    usage,
  }),
  z.object({ type: z.literal('interrupted'), state: z.string() }),
]);

const finding = z.object({
  stage: z.enum(stages),
  code: z.string().regex(/^[a-z0-9_]{1,64}$/),
  severity: z.enum(severities),
  message: z.string(),
  file: z.string().optional(),
  line: z.number().optional(),
  column: z.number().optional(),
  frame: z.string().optional(),
  hint: z.string().optional(),
});

const source = z.enum(settingSources);

const settings = z.object({
  model: z.string().optional(),
  upstream: z.string().optional(),
  displayName: z.string().optional(),
  description: z.string().optional(),
  tools: names.optional(),
  toolEvents: z.enum(toolEventsModes).optional(),
  clientTools: z.enum(clientToolsModes).optional(),
  clientSettings: names.optional(),
  accepts: z.array(z.enum(['image', 'audio', 'file'])).optional(),
  guardrailResponse: z.enum(guardrailResponses).optional(),
  maxTurns: z.number().positive().optional(),
  timeoutMs: z.number().positive().optional(),
  maxConcurrentRuns: z.number().positive().optional(),
  watch: names.optional(),
});

const agent = z.object({
  name: z.string(),
  model: z.string().nullable(),
  tools: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      description: z.string().nullable(),
      needsApproval: z.boolean(),
    }),
  ),
  handoffs: names,
  inputGuardrails: names,
  outputGuardrails: names,
  outputType: z.string(),
  mcpServers: names,
});

const runtime = z.object({ name: z.enum(languages), version: z.string() });

const manifest = z.object({
  kind: z.enum(moduleKinds),
  exportName: z.string(),
  exports: names,
  agents: z.array(agent),
  settings,
  model: z.object({ name: z.string().nullable(), source }),
  upstream: z.object({ name: z.string(), source }),
  sdk: z.object({ version: z.string(), path: z.string(), own: z.boolean() }).nullable(),
  runtime,
  files: z.array(z.object({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
  warnings: z.array(finding),
  loadMs: count,
});

const question = z.object({
  ask: z.enum(['authorize_tool', 'call_tool']),
  tool: z.string(),
  arguments: z.unknown(),
  provenance: provenance.optional(),
});

/** Names of tools are kept for as long as a run lives. */
const maxToolNameLength = 1024;

const toolDecided = z.object({
  runId: z.string(),
  tool: z.string().max(maxToolNameLength),
  provenance,
  answer: z.enum(['allow', 'deny']),
});

const schemas: ReadonlyMap<string, z.ZodType> = new Map<FromWorker['type'], z.ZodType>([
  ['hello', z.object({ version: z.number(), pid: z.number(), runtime })],
  ['loaded', z.object({ manifest })],
  ['load_failed', z.object({ findings: z.array(finding).min(1), files: names })],
  ['event', z.object({ runId: z.string(), event: runEvent })],
  ['question', z.object({ callId: z.string(), runId: z.string(), question })],
  ['tool_decided', toolDecided],
  ['pong', z.object({ sequence: z.number(), rssMb: count })],
  ['fault', z.object({ cause: z.enum(['error', 'exit']).optional(), detail: failureDetail })],
]);

const reserved: ReadonlySet<string> = new Set(reservedMessageTypes);
