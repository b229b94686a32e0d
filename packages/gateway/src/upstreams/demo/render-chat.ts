import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DemoReply, DemoRequest } from './demo-request.ts';
import { piecesOf } from './words.ts';

/** A reply as a chat completion. */
export function chatCompletion(request: DemoRequest, reply: DemoReply): object {
  const { text, calls } = reply;
  return {
    id: `chatcmpl-${reply.seed}`,
    object: 'chat.completion',
    created: reply.createdAtSeconds,
    model: request.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text,
          refusal: null,
          annotations: [],
          ...(calls.length > 0 ? { tool_calls: calls.map(toolCall) } : {}),
        },
        logprobs: null,
        finish_reason: finishReason(reply),
      },
    ],
    usage: usageOf(reply),
  };
}

/** A reply as the events of a streamed chat completion, word by word. */
export async function* chatEvents(request: DemoRequest, reply: DemoReply): AsyncGenerator<string> {
  const head = {
    id: `chatcmpl-${reply.seed}`,
    object: 'chat.completion.chunk',
    created: reply.createdAtSeconds,
    model: request.model,
  };
  const usage = request.includeUsage ? { usage: null } : {};
  const chunk = (delta: object, reason: string | null = null) =>
    event({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
      ...usage,
    });
  yield chunk({ role: 'assistant', content: reply.text === null ? null : '', refusal: null });
  for (const content of piecesOf(reply.text ?? '')) {
    await nextTurn();
    yield chunk({ content });
  }
  for (const [index, call] of reply.calls.entries()) {
    const { id, type, function: named } = toolCall(call);
    yield chunk({
      tool_calls: [{ index, id, type, function: { name: named.name, arguments: '' } }],
    });
    for (const piece of piecesOf(named.arguments)) {
      yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  }
  yield chunk({}, finishReason(reply));
  if (request.includeUsage) yield event({ ...head, choices: [], usage: usageOf(reply) });
  yield 'data: [DONE]\n\n';
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function toolCall(call: DemoReply['calls'][number]) {
  return {
    id: call.callId,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  };
}

function finishReason(reply: DemoReply): string {
  if (reply.calls.length > 0) return 'tool_calls';
  return reply.truncated ? 'length' : 'stop';
}

function usageOf(reply: DemoReply): object {
  return {
    prompt_tokens: reply.inputTokens,
    completion_tokens: reply.outputTokens,
    total_tokens: reply.inputTokens + reply.outputTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}
