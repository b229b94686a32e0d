import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The body is what it was asked. */
type Deed = (response: ServerResponse, api: 'responses' | 'chat_completions', body: Asked) => void;

type Asked = {
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean } | null;
};

/** What an upstream can do wrong; the last word of the question names it. */
export type UpstreamFault = keyof typeof deeds;

/** An upstream that answers every model call in the way its last user message asks for. */
export type FaultyUpstream = {
  /** With `/v1`. */
  readonly baseUrl: string;
  /** How often it was asked for this. */
  readonly callsFor: (fault: UpstreamFault) => number;
  /** Hangs up where it was asked to in mid-stream: when what it said has arrived, only the caller knows. */
  cut(): void;
  stop(): void;
};

const json = (response: ServerResponse, status: number, body: unknown, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

const refusal = (message: string, code: string | null = null) => ({
  error: { message: `${message} hunter2`, type: 'some_error', param: null, code },
});

const textDelta = (delta: string) => ({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta,
});

/** Begins a stream with one word, as either API does. */
const begin: Deed = (response, api) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events =
    api === 'responses'
      ? [
          { type: 'response.created', response: { id: 'resp_1', object: 'response', output: [] } },
          textDelta('Begun'),
        ]
      : [
          {
            id: 'chatcmpl-1',
            object: 'chat.completion.chunk',
            created: 1,
            model: 'gpt-5',
            choices: [{ index: 0, delta: { role: 'assistant', content: 'Begun' } }],
          },
        ];
  for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
};

/** What it counts of an answer that went well; a chat stream only where it is asked to. */
const counts = { input: 31, output: 7 };

const answer =
  (text: string): Deed =>
  (response, api, { stream, stream_options: options }) => {
    const { input, output: made } = counts;
    const chat = { prompt_tokens: input, completion_tokens: made, total_tokens: input + made };
    const content = [{ type: 'output_text', text, annotations: [] }];
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content,
    };
    const output = text === '' ? [] : [message];
    const whole = {
      id: 'resp_1',
      object: 'response',
      created_at: 1,
      status: 'completed',
      model: 'gpt-5',
      output,
      usage: { input_tokens: input, output_tokens: made, total_tokens: input + made },
    };
    const head = { id: 'chatcmpl-1', created: 1, model: 'gpt-5' };
    const said = { role: 'assistant', content: text || null };
    if (!stream) {
      const choices = [{ index: 0, message: said, finish_reason: 'stop' }];
      const completion = { ...head, object: 'chat.completion', choices, usage: chat };
      json(response, 200, api === 'responses' ? whole : completion);
      return;
    }
    const chunk = (fields: object) => ({ ...head, object: 'chat.completion.chunk', ...fields });
    const count = options?.include_usage ? [chunk({ choices: [], usage: chat })] : [];
    const events =
      api === 'responses'
        ? [
            ...(text === '' ? [] : [textDelta(text)]),
            { type: 'response.completed', sequence_number: 1, response: whole },
          ]
        : [chunk({ choices: [{ index: 0, delta: said, finish_reason: 'stop' }] }), ...count];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(
      `${events.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')}data: [DONE]\n\n`,
    );
  };

const deeds = {
  counted: answer('Counted.'),
  empty: answer(''),
  unauthorized: (response) => json(response, 401, refusal('Bad key sk-real', 'invalid_api_key')),
  limited: (response) => json(response, 429, refusal('Too fast'), { 'retry-after': '7' }),
  failing: (response) => json(response, 500, refusal('Oops')),
  unknown: (response) => json(response, 404, refusal('No such model', 'model_not_found')),
  page: (response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<html>Please log in, hunter2</html>');
  },
  broken: (response) => json(response, 200, '{"choices": [{"message": hunter2'),
  alien: (response) => json(response, 200, { hello: 'hunter2' }),
  noise: (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('data: hunter2\n\ndata: {"a":\n\n');
  },
  inside: (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('data: {"object":"error","message":"hunter2"}\n\ndata: [DONE]\n\n');
  },
  silent: () => {},
  stuck: begin,
  hangup: (response) => response.destroy(),
  cut: begin,
  short: (response, api, body) => {
    begin(response, api, body);
    response.end();
  },
} as const satisfies Record<string, Deed>;

/** Starts it on a free port of this machine. */
export async function startFaultyUpstream(): Promise<FaultyUpstream> {
  const calls = new Map<string, number>();
  const toCut = new Set<ServerResponse>();
  const server = http.createServer((request, response) => {
    void bodyOf(request).then((body) => {
      // Where a model is not there, the gateway looks whether the API is, by a call without a question.
      if (!body) {
        response.writeHead(400).end();
        return;
      }
      const fault = faultOf(body);
      calls.set(fault, (calls.get(fault) ?? 0) + 1);
      const isChat = request.url?.endsWith('/chat/completions');
      deeds[fault](response, isChat ? 'chat_completions' : 'responses', JSON.parse(body));
      if (fault === 'cut') toCut.add(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    callsFor: (fault) => calls.get(fault) ?? 0,
    cut() {
      for (const response of toCut) response.destroy();
      toCut.clear();
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function faultOf(body: string): UpstreamFault {
  const fault = Object.keys(deeds).find((name) => body.includes(`Please: ${name}.`));
  if (!fault) throw new Error(`No such fault in ${body}.`);
  return fault as UpstreamFault;
}
