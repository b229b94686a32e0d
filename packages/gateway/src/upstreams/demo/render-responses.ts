import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DemoReply, DemoRequest } from './demo-request.ts';
import { piecesOf } from './words.ts';

/** A reply as a finished response of the Responses API. */
export function responseObject(request: DemoRequest, reply: DemoReply): object {
  return {
    ...skeleton(request, reply),
    completed_at: reply.createdAtSeconds,
    status: reply.truncated ? 'incomplete' : 'completed',
    incomplete_details: reply.truncated ? { reason: 'max_output_tokens' } : null,
    output: outputItems(reply),
    usage: {
      input_tokens: reply.inputTokens,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: reply.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: reply.inputTokens + reply.outputTokens,
    },
  };
}

/** A reply as the events of a streamed response, word by word, in the order OpenAI sends them. */
export async function* responseEvents(
  request: DemoRequest,
  reply: DemoReply,
): AsyncGenerator<string> {
  let sequence = 0;
  const event = (type: string, data: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...data })}\n\n`;
  const response = { ...skeleton(request, reply), status: 'in_progress', output: [], usage: null };
  yield event('response.created', { response });
  yield event('response.in_progress', { response });
  for (const [index, item] of outputItems(reply).entries()) {
    const events = item.type === 'message' ? messageEvents(item) : callEvents(item);
    for (const [type, data] of events) {
      if (type.endsWith('.delta')) await nextTurn();
      yield event(type, { ...data, output_index: index });
    }
    yield event('response.output_item.done', { output_index: index, item });
  }
  const type = reply.truncated ? 'response.incomplete' : 'response.completed';
  yield event(type, { response: responseObject(request, reply) });
}

type MessageItem = ReturnType<typeof messageItem>;
type CallItem = ReturnType<typeof callItem>;

function* messageEvents(item: MessageItem): Generator<[type: string, data: object]> {
  const { text } = item.content[0];
  const at = { item_id: item.id, content_index: 0 };
  const started = { ...item, status: 'in_progress', content: [] };
  yield ['response.output_item.added', { item: started }];
  yield ['response.content_part.added', { ...at, part: outputText('') }];
  for (const delta of piecesOf(text)) {
    yield ['response.output_text.delta', { ...at, delta, logprobs: [] }];
  }
  yield ['response.output_text.done', { ...at, text, logprobs: [] }];
  yield ['response.content_part.done', { ...at, part: outputText(text) }];
}

function* callEvents(item: CallItem): Generator<[type: string, data: object]> {
  const at = { item_id: item.id };
  const started = { ...item, status: 'in_progress', arguments: '' };
  yield ['response.output_item.added', { item: started }];
  for (const delta of piecesOf(item.arguments)) {
    yield ['response.function_call_arguments.delta', { ...at, delta }];
  }
  const { name, arguments: args } = item;
  yield ['response.function_call_arguments.done', { ...at, name, arguments: args }];
}

function outputItems(reply: DemoReply): (MessageItem | CallItem)[] {
  const calls = reply.calls.map((call, index) => callItem(reply, call, index));
  return reply.text === null ? calls : [messageItem(reply, reply.text), ...calls];
}

function messageItem(reply: DemoReply, text: string) {
  return {
    id: `msg_${reply.seed}`,
    type: 'message' as const,
    status: reply.truncated ? 'incomplete' : 'completed',
    role: 'assistant',
    content: [outputText(text)] as const,
  };
}

function callItem(reply: DemoReply, call: DemoReply['calls'][number], index: number) {
  return {
    id: `fc_${reply.seed}${index}`,
    type: 'function_call' as const,
    status: 'completed',
    call_id: call.callId,
    name: call.name,
    arguments: call.arguments,
  };
}

function outputText(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

/** Every key OpenAI's schema requires, with what a request without wishes gets. */
function skeleton(request: DemoRequest, reply: DemoReply): object {
  return {
    id: `resp_${reply.seed}`,
    object: 'response',
    created_at: reply.createdAtSeconds,
    completed_at: null,
    error: null,
    incomplete_details: null,
    instructions: null,
    model: request.model,
    previous_response_id: null,
    tools: [],
    tool_choice: 'auto',
    truncation: 'disabled',
    parallel_tool_calls: request.parallelCalls,
    text: { format: { type: 'text' } },
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    top_logprobs: 0,
    temperature: 1,
    reasoning: { effort: null, summary: null },
    max_output_tokens: request.maxOutputTokens,
    max_tool_calls: null,
    store: false,
    background: false,
    service_tier: 'default',
    metadata: {},
    safety_identifier: null,
    prompt_cache_key: null,
  };
}
