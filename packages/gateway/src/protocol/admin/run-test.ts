import { z } from 'zod';
import type { Inferred } from '../inferred.ts';

const modelCall = z.object({
  ordinal: z.int().describe('Of the model calls, from 0.'),
  request_hash: z
    .string()
    .nullable()
    .describe('SHA-256 of the request as it was sent, its fields in order.'),
  path: z.string().describe('Of the API: `/v1/responses` or `/v1/chat/completions`.'),
  model: z.string().nullable(),
  status: z.int(),
  request: z.string().nullable().describe('What the model was asked: JSON.'),
  answer: z
    .string()
    .nullable()
    .describe('What it answered: JSON, or server-sent events where the request asks for a stream.'),
});

const toolCall = z.object({
  call_id: z.string().nullable().describe('The model’s own.'),
  tool: z.string(),
  provenance: z.string(),
  outcome: z.string(),
  arguments: z.string().nullable().describe('JSON, as the model wrote it.'),
  result: z.string().nullable().describe('What the model was told.'),
});

/** `GET /admin/runs/{id}/test`, and a file of `dropgate runs to-test`: a case to run an agent by. Known secrets are hidden. */
export const runTestAnswer = z.object({
  version: z.literal(1),
  agent: z.string().describe('Model id.'),
  recorded: z.object({
    run: z.string(),
    at: z.string().describe('ISO 8601.'),
    generation: z.int(),
    files_hash: z.string().nullable(),
  }),
  input: z
    .looseObject({ items: z.array(z.unknown()), streamed: z.boolean() })
    .describe('What the agent is asked: messages, settings, format of the answer.'),
  context: z.looseObject({}).describe('What the agent sees of its run.'),
  model_calls: z.array(modelCall),
  tool_calls: z.array(toolCall),
  expected: z.object({
    outcome: z.string(),
    code: z.string().nullable(),
    text: z.string().describe('The whole answer.'),
  }),
});

export type RunTest = Inferred<typeof runTestAnswer>;
