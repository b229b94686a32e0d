import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '../../errors.ts';
import type { ModelMessage } from '../../protocol/worker/messages.ts';
import type { ModelChannel, TakeModelMessage } from '../../protocol/worker/model-channel.ts';
import type { AnswerCall } from './answer-call.ts';
import { FrameSink, type WorkerLine } from './frame-sink.ts';
import type { Grant, LiveCall } from './grants.ts';

type ModelCall = Extract<ModelMessage, { type: 'model_call' }>;

/** As much as a connection takes: Node's own limit for the headers of a request. */
const MAX_HEADERS_LENGTH = 16_384;

/**
 * Answers the calls that one worker makes over its channel, which needs no token: it is nobody else's.
 *
 * @param grantOf - What the worker may do; throws a GatewayError once that is nothing any more.
 * @param unread - Is told what of the answers waits to be read.
 */
export function createChannelCalls(
  answerCall: AnswerCall,
  grantOf: () => Grant,
  unread: WorkerLine['unread'],
): (channel: ModelChannel) => TakeModelMessage {
  return (channel) => {
    const line = { channel, unread };
    const open = new Map<string, OpenCall>();
    return (message, bytes) => {
      const { callId } = message;
      switch (message.type) {
        case 'model_call':
          // A second call under the id of a live one takes its place.
          open.get(callId)?.leave();
          begin(message, bytes, { line, open, answerCall, grantOf });
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

type Worker = {
  readonly line: WorkerLine;
  readonly open: Map<string, OpenCall>;
  readonly answerCall: AnswerCall;
  readonly grantOf: () => Grant;
};

function begin(message: ModelCall, bytes: Buffer | null, worker: Worker): void {
  const { callId, runId, method, path } = message;
  let live: LiveCall | null = null;
  const sink = new FrameSink(callId, worker.line, () => {
    worker.open.delete(callId);
    live?.end();
  });
  const leave = (): void => {
    sink.leave();
    live?.abort('The worker left.');
  };
  worker.open.set(callId, { sink, leave });
  const asked = () => {
    const grant = worker.grantOf();
    const headers = receivedHeaders(message.headers);
    return { grant, method, url: checkedPath(path), headers, runId: runId ?? undefined };
  };
  void worker.answerCall(asked, {
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
