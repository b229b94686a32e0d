import { z } from 'zod';
import { missingParameter } from './openai-fields.ts';

const textPart = z.object({ type: z.enum(['input_text', 'text']), text: z.string() });

const imagePart = z
  .object({
    type: z.literal('input_image'),
    image_url: z
      .string()
      .refine((url) => /^(https?:\/\/|data:)/i.test(url), {
        error: 'An image is an http(s) or a data URL',
      })
      .nullish(),
    file_id: z.string().nullish(),
    detail: z.enum(['auto', 'low', 'high']).nullish(),
  })
  .refine((image) => Boolean(image.image_url ?? image.file_id), {
    error: 'An image needs image_url or file_id',
    params: missingParameter,
  });

const audioPart = z.object({
  type: z.literal('input_audio'),
  input_audio: z.object({ data: z.string(), format: z.string() }),
});

const filePart = z
  .object({
    type: z.literal('input_file'),
    file_id: z.string().nullish(),
    file_data: z.string().nullish(),
    file_url: z
      .string()
      .refine((url) => /^https?:\/\//i.test(url), { error: 'A file_url is an http(s) URL' })
      .nullish(),
    filename: z.string().nullish(),
  })
  .refine((file) => Boolean(file.file_id ?? file.file_data ?? file.file_url), {
    error: 'A file needs file_data, file_url or file_id',
    params: missingParameter,
  });

const userPart = z.discriminatedUnion('type', [textPart, imagePart, audioPart, filePart]);

const answerPart = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['output_text', 'input_text', 'text']), text: z.string() }),
  z.object({ type: z.literal('refusal'), refusal: z.string() }),
]);

/** Clients leave it out for messages. */
const messageType = z.literal('message').nullish();

const message = z.discriminatedUnion('role', [
  z.object({
    type: messageType,
    role: z.literal('user'),
    content: z.union([z.string(), z.array(userPart).min(1)]),
  }),
  z.object({
    type: messageType,
    role: z.enum(['system', 'developer']),
    content: z.union([z.string(), z.array(textPart).min(1)]),
  }),
  z.object({
    type: messageType,
    role: z.literal('assistant'),
    content: z.union([z.string(), z.array(answerPart)]),
  }),
]);

const callId = z.string().min(1).max(256);

const functionCall = z.object({
  type: z.literal('function_call'),
  call_id: callId,
  name: z.string().min(1),
  arguments: z.string(),
});

const functionCallOutput = z.object({
  type: z.literal('function_call_output'),
  call_id: callId,
  output: z.union([z.string(), z.array(textPart)]),
});

/** What servers say of their own work, which clients send back with the rest. It has no effect. */
const told = z.object({
  type: z.enum([
    'reasoning',
    'mcp_call',
    'mcp_list_tools',
    'mcp_approval_request',
    'web_search_call',
    'file_search_call',
    'code_interpreter_call',
    'image_generation_call',
  ]),
});

/** What a person says of a call that it was asked about. */
const approvalResponse = z.object({
  type: z.literal('mcp_approval_response'),
  approval_request_id: z.string().min(1).max(256),
  approve: z.boolean(),
  reason: z.string().max(4000).nullish(),
  always: z
    .boolean()
    .nullish()
    .describe('Of an approval: whether it holds for later calls of the tool in the same run.'),
});

/** An item that is kept, by its id. */
const reference = z.object({
  type: z.literal('item_reference'),
  id: z.string().min(1).max(256),
});

/** One item of `input`. */
export const responsesItemSchema = z.discriminatedUnion('type', [
  message,
  functionCall,
  functionCallOutput,
  approvalResponse,
  reference,
  told,
]);

/** An item of `input` after parsing. */
export type ResponsesItem = z.output<typeof responsesItemSchema>;
