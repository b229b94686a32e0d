/** An API of models. */
export type Wire = 'chat' | 'responses';

/** What a model answers: texts, or a call of a tool with an id. */
export type CallAnswer = {
  readonly stream: boolean;
  readonly usage: { readonly input: number; readonly output: number };
  readonly texts?: readonly string[];
  readonly call?: { readonly id: number; readonly name: string };
};

/** The beginning of a streamed answer, with these texts. */
export function answerText(wire: Wire, texts: readonly string[]): string {
  const deltas = texts.map((delta) =>
    wire === 'chat' ? chatChunk({ content: delta }) : textDelta(delta),
  );
  return events(wire === 'chat' ? deltas : [created, ...deltas]);
}

/** A whole answer, or all events of a streamed one. Calls of tools are answered over Responses alone. */
export function answerWhole(wire: Wire, answer: CallAnswer): string {
  const { texts = [], usage } = answer;
  if (wire === 'chat') {
    const end = { ...chatChunk({}, 'stop'), usage: chatUsage(usage) };
    const deltas = texts.map((content) => chatChunk({ content }));
    return `${events([...deltas, end])}data: [DONE]\n\n`;
  }
  const response = responseOf(answer);
  if (!answer.stream) return JSON.stringify(response);
  return events([created, ...texts.map(textDelta), { type: 'response.completed', response }]);
}

function events(all: readonly object[]): string {
  return all.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');
}

const created = { type: 'response.created', response: { id: 'resp_1', output: [] } };

function textDelta(delta: string) {
  return {
    type: 'response.output_text.delta',
    item_id: 'msg_1',
    output_index: 0,
    content_index: 0,
    delta,
  };
}

function responseOf({ texts, call, usage }: CallAnswer) {
  const message = {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: texts?.join('') ?? '', annotations: [] }],
  };
  const asked = call && {
    type: 'function_call',
    id: `fc_${call.id}`,
    call_id: `call_${call.id}`,
    name: call.name,
    arguments: JSON.stringify({ id: String(call.id) }),
    status: 'completed',
  };
  return {
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    model: 'gpt-5',
    output: [asked ?? message],
    usage: {
      input_tokens: usage.input,
      output_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
  };
}

function chatChunk(delta: object, finish: string | null = null) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-5',
    choices: [{ index: 0, delta, finish_reason: finish }],
  };
}

function chatUsage({ input, output }: CallAnswer['usage']) {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}
