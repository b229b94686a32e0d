import { z } from 'zod';
import { findingSchema } from '../diagnostics.ts';
import { effects } from '../policy.ts';
import { MODULE_FILES_LIMIT, manifestSchema, runtimeSchema } from '../records.ts';
import { failureDetailSchema, provenanceSchema, runEventSchema } from '../run-events.ts';
import { maxPathLength } from './frame-limits.ts';

/** How often in a row the tool was called with these arguments, this time included; absent for once. */
const repeated = z.int().min(2).exactOptional();

/** A `WorkerQuestion`. */
export const workerQuestionSchema = z.discriminatedUnion('ask', [
  z.object({
    ask: z.literal('authorize_tool'),
    tool: z.string(),
    arguments: z.unknown(),
    /** Absent: `native`. */
    provenance: provenanceSchema.exactOptional(),
    /** The model's own id of the call; absent where code of the module makes it. */
    toolCallId: z.string().exactOptional(),
    repeated,
  }),
  /** Whether a person has to approve a call, which is asked before it is made; the answer is true or false. */
  z.object({
    ask: z.literal('approval_needed'),
    tool: z.string(),
    arguments: z.unknown(),
    provenance: provenanceSchema,
  }),
  z.object({
    ask: z.literal('call_tool'),
    tool: z.string(),
    arguments: z.unknown(),
    /** Whether it is called anew, whatever is kept of equal calls. */
    noCache: z.boolean().exactOptional(),
    /** The model's own id of the call; absent where code of the module makes it. */
    toolCallId: z.string().exactOptional(),
    repeated,
  }),
  /** What the record of the run says of a call; answered as `call_tool`, or by null where the call is to be made. */
  z.object({
    ask: z.literal('replay_tool'),
    tool: z.string(),
    /** The model's own id of the call. */
    toolCallId: z.string(),
    /** JSON, as the model wrote it. */
    arguments: z.unknown(),
  }),
  /** Which functions the model was told of in the next call that the record has: a list of them. `tool` is the agent's name. */
  z.object({ ask: z.literal('replay_tools'), tool: z.string() }),
]);

/** A `ToolDecided`. */
export const toolDecidedSchema = z.object({
  runId: z.string().nullable(),
  tool: z.string(),
  provenance: provenanceSchema,
  answer: z.enum(effects),
});

/** Of a model call; the worker's own. */
const modelCallIdSchema = z.string().min(1).max(64);

/** A `FromWorker` by its type. A message that is added here is known to the gateway. */
export const fromWorkerSchemas = {
  hello: z.object({ version: z.number(), pid: z.number(), runtime: runtimeSchema }),
  loaded: z.object({ manifest: manifestSchema }),
  load_failed: z.object({
    findings: z.array(findingSchema).min(1),
    /** Local files read before it failed, so that a change of one is a reason to try again. */
    files: z.array(z.string()).max(MODULE_FILES_LIMIT),
  }),
  event: z.object({ runId: z.string(), event: runEventSchema }),
  /** After a `cancel`, once: nothing of the run goes on any more. Its last event may have come long before. */
  run_over: z.object({ runId: z.string() }),
  question: z.object({
    callId: z.string(),
    /** Null where the worker cannot tell for which run it asks. */
    runId: z.string().nullable(),
    question: workerQuestionSchema,
  }),
  tool_decided: toolDecidedSchema,
  /** A call of the broker without its token, for the channel is the worker's own. Its body follows as raw bytes; without them it has none. */
  model_call: z.object({
    callId: modelCallIdSchema,
    /** Null where the worker cannot tell for which run it calls. */
    runId: z.string().nullable(),
    method: z.string().max(16),
    /** As at the broker, with query: `/v1/responses`. */
    path: z.string().max(maxPathLength),
    headers: z.record(z.string(), z.string()),
  }),
  /** How many bytes more of an answer were taken by whoever reads it. */
  model_ack: z.object({ callId: modelCallIdSchema, taken: z.int().nonnegative() }),
  /** Nobody reads the answer any more. */
  model_abort: z.object({ callId: modelCallIdSchema }),
  pong: z.object({ sequence: z.number(), rssMb: z.number().nonnegative() }),
  /**
   * Last words of a worker that ends: because of an error nobody caught (also where no cause is named), or by an exit of the
   * module's own. `busy` says where one is whose load may be ended next.
   */
  fault: z.object({
    cause: z.enum(['error', 'exit', 'busy']).exactOptional(),
    detail: failureDetailSchema,
  }),
};
