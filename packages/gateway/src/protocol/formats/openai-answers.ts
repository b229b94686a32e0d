import { z } from 'zod';

// As OpenAI's clients read them. More fields may come, so they are open.

const usageOfChat = z.looseObject({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
});

const callOfChat = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const choice = z.looseObject({
  index: z.literal(0),
  message: z.looseObject({
    role: z.literal('assistant'),
    content: z.string().nullable(),
    tool_calls: z.array(callOfChat).optional(),
  }),
  finish_reason: z.enum(['stop', 'length', 'content_filter', 'tool_calls']),
});

/** `POST /v1/chat/completions`, whole. */
export const chatAnswer = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int().describe('Unix seconds.'),
  model: z.string().describe('As the request names it.'),
  choices: z.array(choice).length(1),
  usage: usageOfChat,
});

const itemTypes = [
  'message',
  'reasoning',
  'function_call',
  'function_call_output',
  'mcp_call',
  'mcp_approval_request',
  'mcp_approval_response',
] as const;

/** An item of a response or a conversation. */
export const itemAnswer = z.looseObject({ id: z.string(), type: z.enum(itemTypes) });

/** A response of the Responses API. */
export const responseAnswer = z.looseObject({
  id: z.string(),
  object: z.literal('response'),
  created_at: z.int().describe('Unix seconds.'),
  status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  model: z.string(),
  output: z.array(itemAnswer),
  usage: z
    .looseObject({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() })
    .nullable()
    .describe('Null until it is known.'),
});

/** A page of items. */
export const itemListAnswer = z.object({
  object: z.literal('list'),
  data: z.array(itemAnswer),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});

/** A conversation that is kept. */
export const conversationAnswer = z.object({
  id: z.string(),
  object: z.literal('conversation'),
  created_at: z.int().describe('Unix seconds.'),
  metadata: z.record(z.string(), z.string()),
});

/** `DELETE /v1/conversations/{id}` */
export const conversationDeleted = z.object({
  id: z.string(),
  object: z.literal('conversation.deleted'),
  deleted: z.literal(true),
});

/** `DELETE /v1/responses/{id}` */
export const responseDeleted = z.object({
  id: z.string(),
  object: z.literal('response'),
  deleted: z.literal(true),
});

/** `POST /v1/responses/input_tokens` */
export const inputTokensAnswer = z.object({
  object: z.literal('response.input_tokens'),
  input_tokens: z.int(),
});

/** An agent, as `GET /v1/models` lists it. */
export const modelAnswer = z.looseObject({
  id: z.string(),
  object: z.literal('model'),
  created: z.int().describe('Unix seconds; when it was loaded.'),
  owned_by: z.string().describe('Its namespace.'),
});

/** `GET /v1/models` */
export const modelsAnswer = z.object({ object: z.literal('list'), data: z.array(modelAnswer) });
