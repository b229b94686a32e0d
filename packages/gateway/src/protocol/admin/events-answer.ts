import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import { runOutcomes } from '../journal/journal.ts';
import { actions } from '../policy.ts';
import { provenanceSchema } from '../run-events.ts';
import { approvalStatuses } from '../state/approvals.ts';
import { toolOutcomes } from '../tools/gateway-tools.ts';

const at = z.string().describe('ISO 8601, when it happened.');
const agent = z.string().describe('Model id of the agent.');
const noneOrAgent = z.string().nullable().describe('Model id of the agent; null where it is none.');
const run = z.string().describe('The run.');
const noneOrRun = z.string().nullable().describe('The run; null where it is none.');
const key = z.string().describe('Id of the key that asked.');
const durationMs = z.number();

/** How an agent changed. */
const agentChanges = [
  'loaded',
  'removed',
  'rolled_back',
  'released',
  'unsteady',
  'steady',
] as const;

/** What happened, as operators are told: ids, names and counts, and never what a run held. */
export const liveEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('agent_changed'),
    at,
    agent_id: agent,
    change: z.enum(agentChanges),
    generation: z.int().exactOptional().describe('That serves now; absent of one that is gone.'),
  }),
  z.object({
    type: z.literal('errors_changed'),
    at,
    agent_id: noneOrAgent,
    module_path: z
      .string()
      .nullable()
      .describe('Below the project root; null where it is about no module.'),
    errors: z.int().describe('That there are of it now.'),
    warnings: z.int(),
  }),
  z.object({
    type: z.literal('run_started'),
    at,
    run_id: run,
    agent_id: agent,
    key_id: key,
    request_id: z.string(),
  }),
  z.object({
    type: z.literal('run_ended'),
    at,
    run_id: run,
    agent_id: agent,
    key_id: key,
    outcome: z.enum(runOutcomes),
    code: z.string().nullable().describe('Of a failure.'),
    duration_ms: durationMs,
  }),
  z.object({
    type: z.literal('tool_called'),
    at,
    run_id: noneOrRun,
    agent_id: noneOrAgent,
    tool: z.string(),
    provenance: provenanceSchema,
    outcome: z.enum(toolOutcomes),
    duration_ms: durationMs,
  }),
  z.object({
    type: z.literal('model_called'),
    at,
    run_id: noneOrRun,
    agent_id: agent,
    upstream: z.string(),
    model: z.string().nullable(),
    outcome: z.enum(['ok', 'failed', 'aborted']),
    duration_ms: durationMs,
  }),
  z.object({
    type: z.literal('approval_asked'),
    at,
    approval_id: z.string(),
    run_id: run,
    agent_id: agent,
    tool: z.string(),
  }),
  z.object({
    type: z.literal('approval_answered'),
    at,
    approval_id: z.string(),
    run_id: run,
    agent_id: agent,
    tool: z.string(),
    outcome: z.enum(approvalStatuses).exclude(['pending']),
  }),
  z.object({
    type: z.literal('access_denied'),
    at,
    action: z.enum(actions),
    resource: z.string(),
    key_id: z.string().nullable().describe('Null where an agent asked for itself.'),
    agent_id: noneOrAgent,
    tool: z.string().nullable(),
    rule_id: z.string().nullable().describe('Null where no rule fitted.'),
  }),
  z.object({ type: z.literal('rules_changed'), at }),
  z.object({ type: z.literal('overrides_changed'), at }),
  z.object({ type: z.literal('keys_changed'), at }),
  z.object({
    type: z.literal('upstream_changed'),
    at,
    upstream: z.string(),
    state: z.enum(['cooling', 'recovered']),
  }),
  z.object({
    type: z.literal('worker_changed'),
    at,
    pid: z.int(),
    agent_id: noneOrAgent,
    change: z.enum(['started', 'ended']),
    reason: z.string().exactOptional().describe('Why it ended.'),
  }),
  z.object({
    type: z.literal('queue_changed'),
    at,
    waiting: z.int().describe('Runs that wait for a place, of all agents together.'),
  }),
]);

/** What happened, as operators are told. */
export type LiveEvent = Inferred<typeof liveEventSchema>;

/** Why a stream of events ends. */
export const streamEnds = [
  'key_revoked',
  'key_expired',
  'not_allowed',
  'store_unavailable',
  'stopping',
] as const;

export type StreamEnd = (typeof streamEnds)[number];

/** What kinds there are. */
export const eventTypes = liveEventSchema.options.map(({ shape }) => shape.type.value);

const isType = (name: string) => eventTypes.some((type) => type === name);

/** Query of `GET /admin/events`. */
export const eventsQuery = z.object({
  types: z
    .string()
    .refine((text) => text.split(',').every(isType), {
      error: `Give some of ${eventTypes.join(', ')}, with commas between them`,
    })
    .optional()
    .describe(`Some of ${eventTypes.join(', ')}, with commas between them; all without it.`),
  agent: z.string().optional().describe('Model id: only what is about this agent.'),
  after: z
    .string()
    .max(200)
    .optional()
    .describe('Id of the last event that was read; the header `Last-Event-ID` says the same.'),
});

/** `GET /admin/events`: the `data` of each server-sent event. */
export const eventsAnswer = z.union([
  z.object({
    type: z.literal('hello').describe('First, and again where a reader was too slow.'),
    life: z.string().describe('Of this gateway, from its start to its end.'),
    missed: z
      .boolean()
      .describe('Whether events after the one that was read last are gone: read everything anew.'),
  }),
  liveEventSchema,
  z.object({
    type: z.literal('skipped').describe('More happened than a stream tells of in a second.'),
    count: z.int(),
    types: z.array(z.string()).describe('Of those events, each once.'),
  }),
  z.object({
    type: z.literal('ended').describe('The last one, where the gateway ends the stream.'),
    reason: z.enum(streamEnds),
  }),
]);

/** One of the last events, by its number of this life of the gateway. */
export type NumberedEvent = {
  readonly number: number;
  /** Without its time, which `text` has. */
  readonly event: Untimed<LiveEvent>;
  /** As JSON, without secrets; made when it is asked for first. */
  readonly text: () => string;
};

/** An event but for its time. */
export type Untimed<Event> = Event extends unknown ? Omit<Event, 'at'> : never;

/** The last events, oldest first, for readers who keep their own place. */
export type EventFeed = {
  /** Of this life of the gateway. */
  readonly life: string;
  /** Number of the newest event; 0 before the first. */
  readonly newest: () => number;
  /** By number; undefined where it is gone, or not there yet. */
  readonly find: (number: number) => NumberedEvent | undefined;
  /** Calls back with each new event, at once and often. @returns Stops it. */
  readonly onNew: (listener: () => void) => () => void;
};
