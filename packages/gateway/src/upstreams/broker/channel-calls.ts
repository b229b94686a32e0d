import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../errors.ts';
import type { ModelMessage } from '../../protocol/worker/messages.ts';
import type { ModelChannel, TakeModelMessage } from '../../protocol/worker/model-channel.ts';
import type { AnswerCall } from './answer-call.ts';
import { FrameSink } from './frame-sink.ts';
import type { Grant, LiveCall } from './grants.ts';

type ModelCall = Extract<ModelMessage, { type: 'model_call' }>;

/** As much as a connection takes: Node's own limit for the headers of a request. */
const MAX_HEADERS_LENGTH = 16_384;

/** A connection costs its worker a socket; without a limit of its own a call here would cost it a line. */
const MAX_OPEN_CALLS = 1000;

/**
 * Answers the calls that one worker makes over its channel, which needs no token: it is nobody else's.
 *
 * @param grantOf - What the worker may do; throws a GatewayError once that is nothing any more.
 */
export function createChannelCalls(
  answerCall: AnswerCall,
  grantOf: () => Grant,
): (channel: ModelChannel) => TakeModelMessage {
  return (channel) => {
    const open = new Map<string, OpenCall>();
    return (message, bytes) => {
      const { callId } = message;
      switch (message.type) {
        case 'model_call':
          // A second call under the id of a live one takes its place.
          open.get(callId)?.leave();
          begin(message, bytes, { channel, open, answerCall, grantOf });
          return;
        case 'model_ack':
          open.get(callId)?.sink.taken(message.taken);
          return;
        case 'model_abort':
          open.get(callId)?.leave();
          return;
        default:
          message satisfies never;
      }
    };
  };
}

type OpenCall = { readonly sink: FrameSink; readonly leave: () => void };

type Line = {
  readonly channel: ModelChannel;
  readonly open: Map<string, OpenCall>;
  readonly answerCall: AnswerCall;
  readonly grantOf: () => Grant;
};

function begin(message: ModelCall, bytes: Buffer | null, line: Line): void {
  const { callId, runId, method, path } = message;
  let live: LiveCall | null = null;
  const sink = new FrameSink(callId, line.channel, () => {
    line.open.delete(callId);
    live?.end();
  });
  const leave = (): void => {
    sink.leave();
    live?.abort('The worker left.');
  };
  line.open.set(callId, { sink, leave });
  const asked = () => {
    const grant = line.grantOf();
    if (line.open.size > MAX_OPEN_CALLS) throw tooMany();
    const headers = receivedHeaders(message.headers);
    return { grant, method, url: checkedPath(path), headers, runId: runId ?? undefined };
  };
  void line.answerCall(asked, {
    sink,
    onOpen(call) {
      live = call;
    },
    async takeBody(_call, held) {
      if (bytes === null || method === 'GET' || method === 'DELETE') return null;
      held.add(bytes.length);
      return bytes;
    },
  });
}

/** As a connection would let it through: what else it holds could become a line of the request to an upstream. */
function checkedPath(path: string): string {
  if (/^\/[\x21-\x7e]*$/.test(path)) return path;
  throw malformed('path');
}

/** The same of its headers: their names in small letters, which is how they are looked for. */
function receivedHeaders(given: Readonly<Record<string, string>>): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  let length = 0;
  for (const [name, value] of Object.entries(given)) {
    length += name.length + value.length;
    const isSound =
      /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
    if (!isSound || length > MAX_HEADERS_LENGTH) throw malformed('headers');
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function malformed(part: string): GatewayError {
  return new GatewayError('invalid_request', `The ${part} of this call cannot be sent over HTTP.`);
}

function tooMany(): GatewayError {
  return new GatewayError(
    'overloaded',
    `The agent has ${MAX_OPEN_CALLS} unfinished model calls. Send this one again when others have ended.`,
    { retryAfterSeconds: 1 },
  );
}
