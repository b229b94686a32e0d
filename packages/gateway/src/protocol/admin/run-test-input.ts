import { z } from 'zod';

const part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({
    type: z.literal('image'),
    url: z.string().exactOptional(),
    fileId: z.string().exactOptional(),
    detail: z.enum(['auto', 'low', 'high']).exactOptional(),
  }),
  z.object({ type: z.literal('audio'), data: z.string(), format: z.string() }),
  z.object({
    type: z.literal('file'),
    url: z.string().exactOptional(),
    fileId: z.string().exactOptional(),
    data: z.string().exactOptional(),
    filename: z.string().exactOptional(),
  }),
]);

const item = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), text: z.string() }),
  z.object({ role: z.literal('user'), parts: z.array(part) }),
  z.object({ role: z.literal('assistant'), text: z.string() }),
  z.object({
    role: z.literal('tool_call'),
    callId: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.object({
    role: z.literal('tool_result'),
    callId: z.string(),
    name: z.string(),
    text: z.string(),
  }),
]);

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
  items: z.array(item).describe('Messages of the conversation, oldest first.'),
  settings,
  outputFormat,
  streamed: z.boolean(),
  clientTools: z.boolean(),
  user: z.string().exactOptional(),
  metadata: z.record(z.string(), z.string()),
  boundTo: z.string().exactOptional(),
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
