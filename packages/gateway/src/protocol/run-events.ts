import { z } from 'zod';
import { type FailureCode, failures } from '../errors.ts';
import { runStages } from './diagnostics.ts';
import { inputItemSchema } from './state/item-schema.ts';
import { toolOutcomes } from './tools/gateway-tools.ts';

const count = z.number().nonnegative();

/** A `Usage`. */
export const usageSchema = z.object({
  requests: count,
  inputTokens: count,
  outputTokens: count,
  cachedInputTokens: count,
  reasoningTokens: count,
});

/** Where a tool runs and who executes it. */
export const provenances = ['native', 'gateway', 'mcp', 'hosted'] as const;

/** A `Provenance`. */
export const provenanceSchema = z.enum(provenances);

/** A `FailureDetail`. */
export const failureDetailSchema = z.object({
  /** Constructor name of what was thrown (`MaxTurnsExceededError`). */
  class: z.string(),
  message: z.string(),
  stack: z.string().exactOptional(),
  /** First frame in the author's own code. */
  file: z.string().exactOptional(),
  line: z.number().exactOptional(),
  column: z.number().exactOptional(),
  /** Code frame of that place, several lines of plain text; the gateway’s to add, of the bytes that it keeps. */
  frame: z.string().exactOptional(),
  /** Which part failed. */
  stage: z.enum(runStages),
});

const toolCall = {
  callId: z.string(),
  tool: z.string(),
  agent: z.string(),
  provenance: provenanceSchema,
};

/** How a person is asked about a call. */
const askedApprovalSchema = z.object({
  /** `apr_…`. */
  id: z.string(),
  /** What the caller approves or denies it with in a message; null where the caller is not the one to answer. */
  code: z.string().nullable(),
  expiresMs: count,
  /** Whom the rule that asks names to answer, alone. */
  approvers: z.array(z.string()).readonly().exactOptional(),
});

/** How long ago it happened, where its worker held it back to send several together. */
const agoMs = count.exactOptional();

/** A `RunEvent`. */
export const runEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), delta: z.string() }),
  z.object({ type: z.literal('reasoning'), delta: z.string() }),
  z.object({ type: z.literal('tool_started'), ...toolCall, agoMs }),
  z.object({
    type: z.literal('tool_ended'),
    ...toolCall,
    outcome: z.enum(toolOutcomes),
    durationMs: count,
    agoMs,
    /** Of what it was called with; absent where that is not known. */
    argumentBytes: count.exactOptional(),
    /** Of what it gave, where the call went well and that is known. */
    resultBytes: count.exactOptional(),
    /** What the tool threw, where it failed and that is known. Never shown to a caller. */
    detail: failureDetailSchema.exactOptional(),
    /** As JSON what it was called with, and what it gave, where the run asks for it. Never shown to a caller. */
    contents: z
      .object({ arguments: z.string(), result: z.string().exactOptional() })
      .exactOptional(),
  }),
  z.object({
    type: z.literal('handed_off'),
    fromAgent: z.string(),
    toAgent: z.string(),
    agoMs,
  }),
  z.object({
    type: z.literal('finished'),
    reason: z.enum(['stop', 'length', 'content_filter']),
    usage: usageSchema,
    /** Set where a guardrail or the model refused: which one, safe to log, not shown. */
    blockedBy: z.string().exactOptional(),
    /** What it added to the conversation, where the run asks for it and that is known: texts, tool calls, their results. */
    items: z.array(inputItemSchema).exactOptional(),
  }),
  z.object({
    type: z.literal('failed'),
    code: z.enum(Object.keys(failures) as [FailureCode, ...FailureCode[]]),
    /** Safe to show a caller. */
    message: z.string(),
    /** Never shown to a caller. */
    detail: failureDetailSchema.exactOptional(),
    /** Seconds after which a retry makes sense, where an upstream said so. */
    retryAfterSeconds: count.exactOptional(),
    usage: usageSchema,
  }),
  z
    .object({
      type: z.literal('interrupted'),
      /** The SDK's own form of a run that waits, by which it goes on. Never shown to a caller. */
      state: z.string(),
      /** The calls that a person has to decide on. */
      approvals: z.array(
        z.object({
          ...toolCall,
          /** JSON, as the model wrote it. */
          arguments: z.string(),
          /** How a person is asked; the gateway's to add. */
          asked: askedApprovalSchema.exactOptional(),
        }),
      ),
      /** Calls of the caller's own tools, which it is to make; with `approvals` at least one. */
      clientCalls: z
        .array(z.object({ callId: z.string(), tool: z.string(), arguments: z.string() }))
        .exactOptional(),
      /** What it added to the conversation so far, without the calls that wait, where the run asks for it. */
      items: z.array(inputItemSchema).exactOptional(),
      usage: usageSchema,
    })
    .refine(({ approvals, clientCalls = [] }) => approvals.length + clientCalls.length > 0),
]);
