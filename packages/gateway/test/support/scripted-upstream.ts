import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What the upstream does with one model call. `text` comes one delta per entry. */
export type Turn = {
  readonly text?: readonly string[];
  readonly reasoning?: readonly string[];
  readonly calls?: readonly {
    readonly name: string;
    /** A text is sent as it is. */
    readonly args: object | string;
    readonly id?: string;
  }[];
  /** Hosted tools that ran before the text (Responses only). */
  readonly hosted?: readonly string[];
  /** Items as they are, before all others (Responses only). */
  readonly items?: readonly object[];
  readonly cut?: 'length' | 'content_filter';
  readonly refusal?: string;
  /** Answers this instead of a model's answer. */
  readonly answer?: {
    readonly status: number;
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** Breaks off the connection after the text, or leaves it open without another byte. */
  readonly ending?: 'break' | 'hang';
};

export type SeenCall = {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
  /** Resolves when the caller's connection is gone before the answer was complete. */
  readonly aborted: Promise<void>;
};

/** Each call costs this much. */
const callUsage = { input: 10, output: 5, cached: 4, reasoning: 2 };

/** A server that speaks both of OpenAI's APIs from a script; the last turn repeats. It stops when the test is over. */
export async function startUpstream(...turns: readonly Turn[]): Promise<{
  readonly baseUrl: string;
  readonly calls: SeenCall[];
}> {
  const { baseUrl, calls, stop } = await openUpstream(
    () => turns[Math.min(calls.length, turns.length) - 1] ?? {},
  );
  onTestFinished(stop);
  return { baseUrl, calls };
}

/** A server that speaks both of OpenAI's APIs and answers each call as `turnOf` says. */
export async function openUpstream(turnOf: (call: SeenCall) => Turn): Promise<{
  /** With `/v1`, for `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  /** In order of arrival. */
  readonly calls: SeenCall[];
  readonly stop: () => void;
}> {
  const calls: SeenCall[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const aborted = Promise.withResolvers<void>();
    response.on('close', () => response.writableFinished || aborted.resolve());
    const text = Buffer.concat(chunks).toString();
    const body = text.startsWith('{') ? JSON.parse(text) : { raw: text };
    const path = request.url ?? '';
    const call = { path, headers: request.headers, body, aborted: aborted.promise };
    calls.push(call);
    answer(turnOf(call), { path, body, response });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    calls,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

type Call = {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly response: ServerResponse;
};

function answer(turn: Turn, { path, body, response }: Call): void {
  if (turn.answer) {
    const { status, headers } = turn.answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(turn.answer.body);
    return;
  }
  const isChat = path.endsWith('/chat/completions');
  if (!body.stream) {
    if (turn.ending === 'hang') return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(isChat ? completion(turn) : responseObject(turn)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events = isChat ? chatChunks(turn) : responseEvents(turn);
  const kept = turn.ending ? events.slice(0, -1) : events;
  for (const event of kept) response.write(`data: ${JSON.stringify(event)}\n\n`);
  if (turn.ending === 'hang') return;
  if (turn.ending === 'break') setImmediate(() => response.destroy());
  else response.end(isChat ? 'data: [DONE]\n\n' : '');
}

function usage() {
  const { input, output, cached, reasoning } = callUsage;
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    input_tokens_details: { cached_tokens: cached },
    output_tokens_details: { reasoning_tokens: reasoning },
  };
}

function chatUsage() {
  const { input, output, cached, reasoning } = callUsage;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

function outputItems(turn: Turn): object[] {
  const text = turn.text?.join('') ?? '';
  const content = turn.refusal
    ? [{ type: 'refusal', refusal: turn.refusal }]
    : [{ type: 'output_text', text, annotations: [] }];
  const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
  const calls = (turn.calls ?? []).map(({ name, args, id }) => ({
    type: 'function_call',
    id: `fc_${id ?? name}`,
    call_id: id ?? `call_${name}`,
    name,
    arguments: typeof args === 'string' ? args : JSON.stringify(args),
    status: 'completed',
  }));
  const hosted = (turn.hosted ?? []).map((name, index) => ({
    type: `${name}_call`,
    id: `hosted_${index}`,
    status: 'completed',
    action: { type: 'search', query: 'x' },
  }));
  const first = [...(turn.items ?? []), ...hosted];
  return text || turn.refusal ? [...first, message, ...calls] : [...first, ...calls];
}

function responseObject(turn: Turn): object {
  const reason = turn.cut === 'length' ? 'max_output_tokens' : turn.cut;
  return {
    id: 'resp_1',
    object: 'response',
    status: turn.cut ? 'incomplete' : 'completed',
    incomplete_details: reason ? { reason } : null,
    model: 'test',
    output: outputItems(turn),
    usage: usage(),
  };
}

function responseEvents(turn: Turn): object[] {
  const done = responseObject(turn);
  return [
    { type: 'response.created', response: { id: 'resp_1', output: [] } },
    ...(turn.reasoning ?? []).map((delta) => ({
      type: 'response.reasoning_summary_text.delta',
      delta,
    })),
    ...(turn.text ?? []).map((delta) => ({
      type: 'response.output_text.delta',
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta,
    })),
    { type: turn.cut ? 'response.incomplete' : 'response.completed', response: done },
  ];
}

function finishReason(turn: Turn): string {
  return turn.cut ?? (turn.calls ? 'tool_calls' : 'stop');
}

function chatCalls(turn: Turn): object[] | undefined {
  return turn.calls?.map(({ name, args, id }, index) => ({
    index,
    id: id ?? `call_${name}`,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }));
}

function completion(turn: Turn): object {
  const content = turn.text?.join('') ?? null;
  const message = { role: 'assistant', content, refusal: turn.refusal ?? null };
  const calls = chatCalls(turn);
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'test',
    choices: [
      {
        index: 0,
        message: { ...message, ...(calls ? { tool_calls: calls } : {}) },
        finish_reason: finishReason(turn),
      },
    ],
    usage: chatUsage(),
  };
}

function chatChunks(turn: Turn): object[] {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'test' };
  const chunk = (delta: object, finish: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const calls = chatCalls(turn);
  return [
    chunk({ role: 'assistant', content: '' }),
    ...(turn.text ?? []).map((content) => chunk({ content })),
    ...(turn.refusal ? [chunk({ refusal: turn.refusal })] : []),
    ...(calls ? [chunk({ tool_calls: calls })] : []),
    chunk({}, finishReason(turn)),
    { ...head, choices: [], usage: chatUsage() },
  ];
}
