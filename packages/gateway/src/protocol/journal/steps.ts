import { z } from 'zod';
import type { Inferred } from '../inferred.ts';

/** What each step has. */
const common = {
  step: z.int().describe('Counts from 0.'),
  at_ms: z.number().describe('When it began, after the start of the run.'),
  duration_ms: z.number().nullable().describe('Null of what is only noted.'),
};

const modelCall = z.object({
  kind: z.literal('model_call'),
  ...common,
  ordinal: z.int().describe('Of the model calls of the run, from 0.'),
  request_hash: z
    .string()
    .nullable()
    .describe('SHA-256 of the request with its fields in order; null of an upload.'),
  upstream: z.string(),
  path: z.string(),
  model: z.string().nullable(),
  status: z.int().describe('0 where no answer came.'),
  outcome: z.string(),
  code: z.string().nullable(),
  error: z.string().nullable(),
  attempts: z.int(),
  first_byte_ms: z.number().nullable(),
  input_tokens: z.number().nullable(),
  output_tokens: z.number().nullable(),
  cached_input_tokens: z.number().nullable(),
  reasoning_tokens: z.number().nullable(),
  cost_usd: z
    .number()
    .nullable()
    .exactOptional()
    .describe('Null where nobody knows the price; absent in steps of before it was kept.'),
});

const input = z.object({
  kind: z.literal('input'),
  ...common,
  items: z.int().describe('Messages of the conversation, and calls of tools in it.'),
  streamed: z.boolean(),
  files_hash: z.string().nullable().describe('SHA-256 over the files of its generation.'),
});

const taskPrompt = z
  .object({ kind: z.literal('task_prompt'), ...common })
  .describe('One call of the model answers: the prompt is a chat client’s own.');

const toolCall = z.object({
  kind: z.literal('tool_call'),
  ...common,
  call_id: z.string().nullable().describe('The model’s own.'),
  tool: z.string(),
  provenance: z.string(),
  outcome: z.string(),
  error: z.string().nullable(),
  cache: z.string().nullable(),
  argument_bytes: z.number().nullable(),
  result_bytes: z.number().nullable(),
});

const handoff = z.object({
  kind: z.literal('handoff'),
  ...common,
  from_agent: z.string(),
  to_agent: z.string(),
});

const guardrail = z.object({ kind: z.literal('guardrail'), ...common, guardrail: z.string() });

const decision = z.object({
  kind: z.literal('decision'),
  ...common,
  action: z.string(),
  resource: z.string(),
  effect: z.string(),
  rule_id: z.string().nullable(),
  tier: z.int(),
});

const approval = z.object({
  kind: z.literal('approval'),
  ...common,
  approval_id: z.string(),
  call_id: z.string().describe('The model’s own.'),
  tool: z.string(),
  outcome: z
    .string()
    .describe('`asked` of a run that waits for it; of one that goes on, what was answered.'),
  rule_id: z.string().nullable().describe('Null where the agent asks.'),
});

const text = z.object({ kind: z.literal('text'), ...common, letters: z.int() });

/** One step of a run, as it is kept. */
export const stepSchema = z.discriminatedUnion('kind', [
  modelCall,
  input,
  taskPrompt,
  toolCall,
  handoff,
  guardrail,
  decision,
  approval,
  text,
]);

/** A step as kept. */
export type Step = Inferred<typeof stepSchema>;

/** What a step can hold: `input` of the run, `request` and `answer` of a model call, `arguments` and `result` of a tool, `text`. */
export const contentParts = ['input', 'request', 'answer', 'arguments', 'result', 'text'] as const;

export type ContentPart = (typeof contentParts)[number];

/** One step as it is shown; what it held is `contents`, which not every run keeps nor everybody may read. */
export const shownStepSchema = z.discriminatedUnion('kind', [
  shown(modelCall),
  shown(input),
  shown(taskPrompt),
  shown(toolCall),
  shown(handoff),
  shown(guardrail),
  shown(decision),
  shown(approval),
  shown(text),
]);

function shown<Shape extends z.ZodRawShape>(step: z.ZodObject<Shape>) {
  const contents = z.partialRecord(z.enum(contentParts), z.string()).exactOptional();
  return step.extend({ contents });
}
