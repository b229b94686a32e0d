type Asked = {
  /** Of the call of `get_weather` that is the answer; `null` for a text. */
  readonly callId: string | null;
  readonly words: readonly string[];
  /** The request. */
  readonly body: string;
};

type Request = { stream?: boolean; stream_options?: { include_usage?: boolean } };

const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 };

/** What is sent: the text, or its events, those of its words apart from what is before and after them. */
export type ChatAnswer = {
  readonly contentType: string;
  readonly before: string;
  readonly words: readonly string[];
  readonly after: string;
};

/** An answer in the format of chat completions, whole or as events. */
export function chatAnswer(asked: Asked): ChatAnswer {
  const request = JSON.parse(asked.body) as Request;
  if (request.stream) return { contentType: 'text/event-stream', ...events(asked, request) };
  return { contentType: 'application/json', before: whole(asked), words: [], after: '' };
}

const head = (object: string) => ({ id: 'chatcmpl-1', object, created: 1, model: 'bench-model' });

function toolCall(id: string) {
  return {
    id,
    type: 'function',
    function: { name: 'get_weather', arguments: '{"city":"Paris"}' },
  };
}

function whole({ callId, words }: Asked): string {
  const said = callId
    ? { content: null, tool_calls: [toolCall(callId)] }
    : { content: words.join('') };
  const message = { role: 'assistant', refusal: null, ...said };
  const finish_reason = callId ? 'tool_calls' : 'stop';
  const choices = [{ index: 0, message, logprobs: null, finish_reason }];
  return JSON.stringify({ ...head('chat.completion'), choices, usage });
}

function events({ callId, words }: Asked, request: Request): Omit<ChatAnswer, 'contentType'> {
  const first = callId
    ? { role: 'assistant', content: null, tool_calls: [{ index: 0, ...toolCall(callId) }] }
    : { role: 'assistant', content: '' };
  const finish_reason = callId ? 'tool_calls' : 'stop';
  const usageChunk = request.stream_options?.include_usage ? event({ choices: [], usage }) : '';
  return {
    before: event(choice(first, null)),
    words: callId ? [] : words.map((content) => event(choice({ content }, null))),
    after: `${event(choice({}, finish_reason))}${usageChunk}data: [DONE]\n\n`,
  };
}

function choice(delta: object, finish_reason: string | null) {
  return { choices: [{ index: 0, delta, logprobs: null, finish_reason }] };
}

function event(chunk: object): string {
  return `data: ${JSON.stringify({ ...head('chat.completion.chunk'), ...chunk })}\n\n`;
}
