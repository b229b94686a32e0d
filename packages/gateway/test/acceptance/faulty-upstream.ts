import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Deed = (response: ServerResponse, api: 'responses' | 'chat_completions') => void;

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

/** Begins a stream with one word, as either API does. */
const begin: Deed = (response, api) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events =
    api === 'responses'
      ? [
          { type: 'response.created', response: { id: 'resp_1', object: 'response', output: [] } },
          {
            type: 'response.output_text.delta',
            item_id: 'msg_1',
            output_index: 0,
            content_index: 0,
            delta: 'Begun',
          },
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

const deeds = {
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
  silent: () => {},
  stuck: begin,
  hangup: (response) => response.destroy(),
  cut: begin,
  short: (response, api) => {
    begin(response, api);
    response.end();
  },
} as const satisfies Record<string, Deed>;

/** Starts it on a free port of this machine. */
export async function startFaultyUpstream(): Promise<FaultyUpstream> {
  const counts = new Map<string, number>();
  const toCut = new Set<ServerResponse>();
  const server = http.createServer((request, response) => {
    void faultOf(request).then((fault) => {
      counts.set(fault, (counts.get(fault) ?? 0) + 1);
      const isChat = request.url?.endsWith('/chat/completions');
      deeds[fault](response, isChat ? 'chat_completions' : 'responses');
      if (fault === 'cut') toCut.add(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    callsFor: (fault) => counts.get(fault) ?? 0,
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

async function faultOf(request: IncomingMessage): Promise<UpstreamFault> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces).toString();
  const fault = Object.keys(deeds).find((name) => body.includes(`Please: ${name}.`));
  if (!fault) throw new Error(`No such fault in ${body}.`);
  return fault as UpstreamFault;
}
