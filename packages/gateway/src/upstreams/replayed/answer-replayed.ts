import { GatewayError } from '../../errors.ts';
import type { AnswerFromRecord, ReplayedAnswer } from '../../protocol/journal/replayed-calls.ts';
import type { UpstreamApi } from '../../protocol/records.ts';
import { readRequest } from '../demo/read-request.ts';
import { chatCompletion, chatEvents } from '../demo/render-chat.ts';
import { responseEvents, responseObject } from '../demo/render-responses.ts';
import type { AnswerSink } from '../relay/answer-sink.ts';
import type { Exchange } from '../relay/forward.ts';
import { createCountHider } from '../relay/hide-count.ts';
import { asksForStream } from '../relay/request-body.ts';
import { usageRequest } from '../relay/usage-request.ts';

/** A piece of an answer that is longer is cut, so that its worker is waited for. */
const PIECE_BYTES = 64 * 1024;

/**
 * Answers a call from the record of another run.
 *
 * @returns False where its upstream is to be asked.
 * @throws GatewayError for what the worker is to be told instead, and the reason of the signal where that aborts.
 */
export async function answerReplayed(
  answerFromRecord: AnswerFromRecord,
  exchange: Exchange,
): Promise<boolean> {
  const { api, body, path, signal } = exchange;
  if (api === null || !Buffer.isBuffer(body)) {
    throw new GatewayError(
      'invalid_request',
      'A run that follows a record gets answers of models alone: this call is none of one.',
    );
  }
  const answer = await answerFromRecord({ path: `/v1${path}`, body });
  signal.throwIfAborted();
  switch (answer.type) {
    case 'live':
      return false;
    case 'refused':
      throw answer.failure;
    case 'recorded':
      await sendRecorded(answer, exchange);
      return true;
    case 'said':
      await sendSaid(answer, { ...exchange, api, body });
      return true;
    default:
      return answer satisfies never;
  }
}

async function sendRecorded(
  { status, body, isWhole }: Extract<ReplayedAnswer, { type: 'recorded' }>,
  exchange: Exchange,
): Promise<void> {
  const { sink, signal } = exchange;
  const isStream = status < 300 && asksForStream(exchange.body);
  const sent = isStream && usageRequest(exchange)?.hidesCount ? withoutCount(body) : body;
  sink.head(status, headersOf(isStream));
  for (let at = 0; at < sent.length; at += PIECE_BYTES) {
    const taken = sink.write(sent.subarray(at, at + PIECE_BYTES));
    if (taken === 'no_room') return sink.cut();
    if (taken === 'behind') await drained(sink, signal);
  }
  return isWhole ? sink.end() : sink.cut();
}

function withoutCount(body: Buffer): Buffer {
  const hider = createCountHider();
  return Buffer.concat([hider.pass(body), hider.rest()]);
}

function headersOf(isStream: boolean) {
  const type = isStream ? 'text/event-stream' : 'application/json';
  return { 'content-type': type, 'x-should-retry': 'false' };
}

type ModelCall = Exchange & { readonly api: UpstreamApi; readonly body: Buffer };

/** In the form of the API that was called, as a model would. */
async function sendSaid(
  { text, calls, seed }: Extract<ReplayedAnswer, { type: 'said' }>,
  { api, body, sink, signal }: ModelCall,
): Promise<void> {
  const read = readRequest(api, body);
  if (read.type === 'unreadable') throw new GatewayError(read.code, read.message);
  const { request } = read;
  const reply = {
    seed,
    createdAtSeconds: Math.floor(Date.now() / 1000),
    text,
    calls,
    truncated: false,
    inputTokens: 0,
    outputTokens: 0,
  };
  const isChat = api === 'chat_completions';
  sink.head(200, headersOf(request.streamed));
  if (!request.streamed) {
    const whole = isChat ? chatCompletion(request, reply) : responseObject(request, reply);
    return sink.end(Buffer.from(JSON.stringify(whole)));
  }
  const events = isChat ? chatEvents(request, reply) : responseEvents(request, reply);
  for await (const event of events) {
    const taken = sink.write(Buffer.from(event));
    if (taken === 'no_room') return sink.cut();
    if (taken === 'behind') await drained(sink, signal);
  }
  return sink.end();
}

/** Rejects with the reason of an abort. */
function drained(sink: AnswerSink, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    sink.onceDrained(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}
