/**
 * The least that a process of its own costs an agent: a `node:http` server that hands each run to a child, which has the
 * SDK, over one socket. No keys, limits, metering, log or journal. Model calls go from the child to the upstream, or with
 * `MODEL_CALLS=front` over the socket and from here. Prints its port.
 */
import { spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Pool } from 'undici';
import { speakLines } from './lines.ts';
import type { Asked, FromAgent, ToAgent } from './messages.ts';

const child = spawn(process.execPath, [join(import.meta.dirname, 'agent-process.ts')], {
  stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
});
process.on('SIGTERM', () => {
  child.kill();
  process.exit(0);
});

type Open = { readonly response: ServerResponse; readonly asked: Asked };

const runs = new Map<number, Open>();
let begun = 0;
const send = speakLines<FromAgent, ToAgent>(child.stdio[3] as Duplex, (message) => {
  if (message.type === 'model_call') {
    askUpstream(message.id, message.body);
    return;
  }
  const run = runs.get(message.id);
  if (run) tell(run, message);
});

const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    const asked = JSON.parse(text) as Asked;
    begun += 1;
    runs.set(begun, { response, asked });
    send({ type: 'run', id: begun, asked });
    if (!asked.stream) return;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunkOf(asked, { role: 'assistant', content: '' }, null));
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});

const head = (model: string, object: string) => ({ id: 'chatcmpl-1', object, created: 1, model });

function chunkOf({ model }: Asked, delta: object, finish_reason: string | null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason }];
  return `data: ${JSON.stringify({ ...head(model, 'chat.completion.chunk'), choices })}\n\n`;
}

function tell({ response, asked }: Open, message: Exclude<FromAgent, { type: 'model_call' }>) {
  if (message.type === 'text') {
    response.write(chunkOf(asked, { content: message.delta }, null));
    return;
  }
  runs.delete(message.id);
  if (message.type === 'failed') response.destroy(new Error(message.message));
  else if (asked.stream) response.end(`${chunkOf(asked, {}, 'stop')}data: [DONE]\n\n`);
  else answer({ response, asked }, message);
}

function answer({ response, asked }: Open, done: Extract<FromAgent, { type: 'done' }>) {
  const message = { role: 'assistant', content: done.text, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  const [prompt_tokens, completion_tokens, total_tokens] = done.tokens;
  const usage = { prompt_tokens, completion_tokens, total_tokens };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ ...head(asked.model, 'chat.completion'), choices, usage }));
}

const upstream = new URL(process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:1/v1');
const pool = new Pool(upstream.origin, { connections: 64, pipelining: 1 });

/** Hands an answer on as it comes. */
function askUpstream(id: number, body: string): void {
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${process.env.OPENAI_API_KEY}`,
  };
  let first: { readonly status: number; readonly contentType: string } | null = null;
  pool.dispatch(
    { method: 'POST', path: `${upstream.pathname}/responses`, headers, body },
    {
      onRequestStart() {},
      onResponseStart(_controller, status, received) {
        first = { status, contentType: String(received['content-type']) };
      },
      onResponseData(_controller, data) {
        send({ type: 'model_part', id, ...first, text: data.toString(), isEnd: false });
        first = null;
      },
      onResponseEnd() {
        send({ type: 'model_part', id, ...first, text: '', isEnd: true });
      },
      onResponseError(_controller, error) {
        send({ type: 'model_part', id, status: 502, text: error.message, isEnd: true });
      },
    },
  );
}
