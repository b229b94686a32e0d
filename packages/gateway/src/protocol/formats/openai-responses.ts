import { z } from 'zod';
import { metadata, unsupportedParameter, unsupportedValue } from './openai-fields.ts';
import { responsesItemSchema } from './responses-input.ts';

const textFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string().min(1).max(64),
    schema: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
]);

const recordId = z.string().min(1).max(256);

/** What agents have nothing of. */
const nowhere = ['message.output_text.logprobs'];

function unsupported(error: string) {
  return z
    .unknown()
    .refine((value) => !value, { error, params: unsupportedParameter })
    .optional();
}

/**
 * Body of `POST /v1/responses`, loose as OpenAI-compatible servers are: null counts as not given. What is absent here
 * (`stream_options`, `prompt_cache_retention` …) has no effect.
 */
export const responsesRequestSchema = z.looseObject({
  model: z.string().min(1).max(256).describe('Model id of an agent, as GET /v1/models lists it.'),
  input: z
    .union([z.string().min(1), z.array(responsesItemSchema).min(1)])
    .describe('A text, or the items of a conversation, oldest first.'),
  instructions: z.string().nullish().describe('Added to the instructions of the agent.'),
  stream: z.boolean().nullish(),
  max_output_tokens: z.int().min(1).nullish().describe('Cap of one model turn.'),
  max_tool_calls: z.int().min(1).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish() }).nullish(),
  service_tier: z.string().nullish(),
  text: z.object({ format: textFormat.nullish(), verbosity: z.string().nullish() }).nullish(),
  tools: z
    .array(z.unknown())
    .nullish()
    .describe(
      'Ignored, refused, or called by the agent and made by the caller, as the agent says.',
    ),
  tool_choice: z.unknown().optional(),
  include: z
    .array(
      z.string().refine((part) => !nowhere.includes(part), {
        error: 'Agents have no log probabilities; leave it out',
        params: unsupportedValue,
      }),
    )
    .nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  top_logprobs: z
    .int()
    .refine((count) => count === 0, {
      error: 'Agents have no log probabilities; leave top_logprobs out',
      params: unsupportedParameter,
    })
    .nullish(),
  store: z.boolean().nullish().describe('Whether the response is kept; by default it is.'),
  background: z
    .boolean()
    .nullish()
    .describe('Answer at once, and run without the caller. The response has to be kept.'),
  previous_response_id: recordId.nullish().describe('A kept response that this one follows.'),
  conversation: z
    .union([recordId, z.object({ id: recordId })])
    .nullish()
    .describe('A conversation that this response is the next turn of.'),
  prompt: unsupported('Agents have their own prompts; leave prompt out'),
  user: z.string().max(1024).nullish(),
  safety_identifier: z.string().max(1024).nullish(),
  prompt_cache_key: z.string().max(1024).nullish(),
  metadata: metadata.nullish(),
});

/** A request for a response after parsing. */
export type ResponsesRequest = z.output<typeof responsesRequestSchema>;
