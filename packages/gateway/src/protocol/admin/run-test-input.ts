import { z } from 'zod';
import { inputItemSchema } from '../state/item-schema.ts';

const outputFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean(),
  }),
]);

const settings = z.object({
  maxOutputTokens: z.number().exactOptional(),
  temperature: z.number().exactOptional(),
  topP: z.number().exactOptional(),
  presencePenalty: z.number().exactOptional(),
  frequencyPenalty: z.number().exactOptional(),
  seed: z.number().exactOptional(),
  stop: z.array(z.string()).exactOptional(),
  parallelToolCalls: z.boolean().exactOptional(),
  reasoningEffort: z.string().exactOptional(),
  verbosity: z.string().exactOptional(),
  serviceTier: z.string().exactOptional(),
});

/** What an agent is asked, as a test of a run has it. */
export const runTestInput = z.object({
  modelId: z.string(),
  items: z.array(inputItemSchema).describe('Messages of the conversation, oldest first.'),
  settings,
  outputFormat,
  streamed: z.boolean(),
  clientTools: z.boolean(),
  user: z.string().exactOptional(),
  metadata: z.record(z.string(), z.string()),
  boundTo: z.string().exactOptional(),
  tellsItems: z.literal(true).exactOptional(),
});

/** What the agent sees of its run. */
export const runTestContext = z.object({
  request_id: z.string(),
  run_id: z.string(),
  key: z.object({ id: z.string(), name: z.string() }),
  user: z.string().exactOptional(),
  metadata: z.record(z.string(), z.string()),
  model_id: z.string(),
});
