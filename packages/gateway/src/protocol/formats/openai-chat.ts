import { z } from 'zod';
import {
  metadata,
  missingParameter,
  unsupportedParameter,
  unsupportedValue,
} from './openai-fields.ts';

const textPart = z.object({ type: z.literal('text'), text: z.string() });

const imagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({
    url: z.string().refine((url) => /^(https?:\/\/|data:)/i.test(url), {
      error: 'An image is an http(s) or a data URL',
    }),
    detail: z.enum(['auto', 'low', 'high']).nullish(),
  }),
});

const audioPart = z.object({
  type: z.literal('input_audio'),
  input_audio: z.object({ data: z.string(), format: z.string() }),
});

const filePart = z.object({
  type: z.literal('file'),
  file: z
    .object({
      file_id: z.string().nullish(),
      file_data: z.string().nullish(),
      filename: z.string().nullish(),
    })
    .refine((file) => Boolean(file.file_id ?? file.file_data), {
      error: 'A file needs file_id or file_data',
      params: missingParameter,
    }),
});

const userPart = z.discriminatedUnion('type', [textPart, imagePart, audioPart, filePart]);

const systemMessage = z.object({
  role: z.literal(['system', 'developer']),
  content: z.union([z.string(), z.array(textPart).min(1)]),
});

const userMessage = z.object({
  role: z.literal('user'),
  content: z.union([z.string(), z.array(userPart).min(1)]),
});

const outputTextPart = z.object({
  type: z.literal(['text', 'output_text']),
  text: z.string().nullish(),
});

const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

/** A model writes arguments as JSON; some servers give them on as an object. */
const calledFunction = z.object({
  name: z.string().min(1),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
});

const toolCall = z.object({
  id: z.string().min(1),
  type: z.literal('function').nullish(),
  function: calledFunction,
});

/** History, also as the Responses API writes it. What else clients send back (reasoning, annotations) has no effect. */
const assistantMessage = z.object({
  role: z.literal('assistant'),
  content: z
    .union([z.string(), z.array(z.discriminatedUnion('type', [outputTextPart, refusalPart]))])
    .nullish(),
  refusal: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
  function_call: calledFunction.nullish(),
  audio: z
    .unknown()
    .refine((audio) => !audio, {
      error: 'Agents know no audio of earlier answers; send its transcript as content',
      params: unsupportedParameter,
    })
    .optional(),
});

const resultText = z.union([z.string(), z.array(outputTextPart)]).nullish();

const toolMessage = z.object({
  role: z.literal('tool'),
  tool_call_id: z.string().min(1),
  content: resultText,
});

/** What tool messages were called before. */
const functionMessage = z.object({
  role: z.literal('function'),
  name: z.string().min(1),
  content: resultText,
});

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().min(1).max(64),
      schema: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

/**
 * Body of `POST /v1/chat/completions`, loose as OpenAI-compatible servers are: null counts as not given. What is absent
 * here (`store`, `logit_bias`, `prediction` …) has no effect.
 */
export const chatRequestSchema = z.looseObject({
  model: z.string().min(1).max(256).describe('Model id of an agent, as GET /v1/models lists it.'),
  messages: z
    .array(
      z.discriminatedUnion('role', [
        systemMessage,
        userMessage,
        assistantMessage,
        toolMessage,
        functionMessage,
      ]),
    )
    .min(1, { error: 'Send at least one message' }),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_completion_tokens: z.int().min(1).nullish().describe('Cap of one model turn.'),
  max_tokens: z.int().min(1).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  frequency_penalty: z.number().nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: z.string().nullish(),
  verbosity: z.string().nullish(),
  service_tier: z.string().nullish(),
  response_format: responseFormat.nullish(),
  tools: z
    .array(z.unknown())
    .nullish()
    .describe(
      'Ignored, refused, or called by the agent and made by the caller, as the agent says.',
    ),
  tool_choice: z.unknown().optional(),
  functions: z.array(z.unknown()).nullish(),
  n: z
    .number()
    .refine((count) => count === 1, {
      error: 'An agent gives one choice; leave n out or send 1',
      params: unsupportedValue,
    })
    .nullish(),
  logprobs: z
    .boolean()
    .refine((wanted) => !wanted, {
      error: 'Agents have no log probabilities; leave logprobs out',
      params: unsupportedParameter,
    })
    .nullish(),
  top_logprobs: z
    .int()
    .refine((count) => count === 0, {
      error: 'Agents have no log probabilities; leave top_logprobs out',
      params: unsupportedParameter,
    })
    .nullish(),
  modalities: z
    .array(z.string())
    .refine((wanted) => wanted.every((modality) => modality === 'text'), {
      error: 'Agents answer in text; leave modalities out or send ["text"]',
      params: unsupportedParameter,
    })
    .nullish(),
  audio: z
    .unknown()
    .refine((wanted) => !wanted, {
      error: 'Agents answer in text; leave audio out',
      params: unsupportedParameter,
    })
    .optional(),
  user: z.string().max(1024).nullish(),
  safety_identifier: z.string().max(1024).nullish(),
  metadata: metadata.nullish(),
});

/** A chat request after parsing. */
export type ChatRequest = z.output<typeof chatRequestSchema>;
