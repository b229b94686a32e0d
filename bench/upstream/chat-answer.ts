type Asked = {
  /** Of the call of `get_weather` that is the answer; `null` for a text. */
  readonly callId: string | null;
  readonly words: readonly string[];
  /** The request. */
  readonly body: string;
};

type Request = { stream?: boolean; stream_options?: { include_usage?: boolean } };

const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 };

/** An answer in the format of chat completions, whole or as events, written in one piece. */
export function chatAnswer(asked: Asked): { readonly contentType: string; readonly text: string } {
  const request = JSON.parse(asked.body) as Request;
  return request.stream
    ? { contentType: 'text/event-stream', text: events(asked, request) }
    : { contentType: 'application/json', text: whole(asked) };
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

function events({ callId, words }: Asked, request: Request): string {
  const deltas: object[] = callId
    ? [{ role: 'assistant', content: null, tool_calls: [{ index: 0, ...toolCall(callId) }] }]
    : [{ role: 'assistant', content: '' }, ...words.map((content) => ({ content }))];
  const chunks: object[] = deltas.map((delta) => ({
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null }],
  }));
  const finish_reason = callId ? 'tool_calls' : 'stop';
  chunks.push({ choices: [{ index: 0, delta: {}, logprobs: null, finish_reason }] });
  if (request.stream_options?.include_usage) chunks.push({ choices: [], usage });
  const data = chunks.map((chunk) =>
    JSON.stringify({ ...head('chat.completion.chunk'), ...chunk }),
  );
  return [...data, '[DONE]'].map((each) => `data: ${each}\n\n`).join('');
}
