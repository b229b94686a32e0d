import { failures, GatewayError } from '../../errors.ts';
import type { UpstreamApi } from '../../protocol/records.ts';
import { type AnswerSink, unreadError, unreadFailure } from '../relay/answer-sink.ts';
import { createAnswerWatch } from '../relay/answer-watch.ts';
import type { Exchange } from '../relay/forward.ts';
import type { Outcome } from '../relay/outcome.ts';
import type { DemoUpstream } from '../upstream.ts';
import type { DemoReply, DemoRequest } from './demo-request.ts';
import { planReply } from './plan-reply.ts';
import { readRequest, type Unreadable } from './read-request.ts';
import { chatCompletion, chatEvents } from './render-chat.ts';
import { responseEvents, responseObject } from './render-responses.ts';

/** One JSON body, or server-sent events ready to be written. */
export type DemoAnswer =
  | { readonly type: 'json'; readonly status: number; readonly body: object }
  | { readonly type: 'stream'; readonly status: 200; readonly events: AsyncIterable<string> };

/**
 * The embedded demo model: rules, no LLM. It calls a fitting tool with arguments found in the
 * message, puts the result into its answer, hands off, fills output schemas, and says what it is.
 * The same request always gets the same answer.
 */
export const demoModel = {
  /** Answers a request body of either API; a bad one with an error status, never by throwing. */
  handle(api: UpstreamApi, body: Buffer): DemoAnswer {
    const read = readRequest(api, body);
    if (read.type === 'unreadable') return refusal(read);
    const { request } = read;
    const reply = replyTo(request);
    if (reply === null) return refusal(tooDeep);
    const isChat = api === 'chat_completions';
    if (request.streamed) {
      const events = isChat ? chatEvents(request, reply) : responseEvents(request, reply);
      return { type: 'stream', status: 200, events };
    }
    const whole = isChat ? chatCompletion(request, reply) : responseObject(request, reply);
    return { type: 'json', status: 200, body: whole };
  },
};

const tooDeep: Unreadable = {
  type: 'unreadable',
  code: 'invalid_json',
  message: 'The body is nested too deeply.',
  param: null,
};

/** Null where the request is nested more deeply than can be written down again. */
function replyTo(request: DemoRequest): DemoReply | null {
  try {
    return planReply(request);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** What holds of each of its answers. */
const demoAnswer = { attempts: 1, outputEstimate: 0, answerId: null, isWhole: true };

/** Answers a call with the demo model, in this process. An abort ends it like any other call. */
export async function serveDemo(upstream: DemoUpstream, exchange: Exchange): Promise<Outcome> {
  const base = { ...demoAnswer, upstream: upstream.name };
  if (exchange.api === null || !Buffer.isBuffer(exchange.body)) {
    const failure = modelCallsOnly();
    const nothing = { firstAtMs: null, usage: null, error: failure.message };
    return { ...base, ...nothing, status: 400, outcome: 'failed', failure };
  }
  const { sink, signal, api } = exchange;
  const answer = demoModel.handle(api, exchange.body);
  const watch = createAnswerWatch({
    status: answer.status,
    form: { type: answer.type === 'stream' ? 'events' : 'json', api },
    tap: exchange.tap,
  });
  sink.head(answer.status, {
    'content-type': answer.type === 'stream' ? 'text/event-stream' : 'application/json',
    'x-should-retry': 'false',
  });
  if (answer.type === 'json') {
    const bytes = Buffer.from(JSON.stringify(answer.body));
    watch.read(bytes);
    sink.end(bytes);
  } else {
    try {
      for await (const event of answer.events) {
        signal.throwIfAborted();
        const bytes = Buffer.from(event);
        watch.read(bytes);
        const taken = sink.write(bytes);
        if (taken === 'behind') await drained(sink, signal);
        if (taken === 'no_room') {
          const told = { usage: watch.usage(), error: unreadError, failure: unreadFailure() };
          const firstAtMs = watch.firstAtMs();
          return { ...base, ...told, firstAtMs, status: 200, outcome: 'failed' };
        }
      }
      sink.end();
    } catch (error) {
      if (!signal.aborted) throw error;
      const told = {
        firstAtMs: watch.firstAtMs(),
        usage: watch.usage(),
        outputEstimate: watch.outputEstimate(),
        isWhole: watch.isWhole(),
      };
      return { ...base, ...told, status: 200, outcome: 'aborted', error: null, failure: null };
    }
  }
  const error = watch.error();
  const outcome = error === null ? 'ok' : 'failed';
  const counted = { firstAtMs: watch.firstAtMs(), usage: watch.usage() };
  return { ...base, ...counted, status: answer.status, outcome, error, failure: null };
}

function modelCallsOnly(): GatewayError {
  return new GatewayError(
    'invalid_request',
    'The demo model answers model calls only. Put OPENAI_API_KEY into .dropgate/upstream.env to use this part of the API.',
  );
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

function refusal({ code, message, param }: Unreadable): DemoAnswer {
  const { status, type, wireCode } = failures[code];
  return { type: 'json', status, body: { error: { message, type, param, code: wireCode } } };
}
