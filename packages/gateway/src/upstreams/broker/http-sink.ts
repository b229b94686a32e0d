import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Unread } from '../../protocol/unread-room.ts';
import { failureHeader } from '../../protocol/worker/broker-headers.ts';
import type { AnswerSink } from '../relay/answer-sink.ts';

/** The answer to a request that came over a connection; `unread` is told what of it waits there, until that closes. */
export function createHttpSink(
  request: IncomingMessage,
  response: ServerResponse,
  unread: Unread,
): AnswerSink {
  response.once('close', unread.release);
  const hasRoom = (): boolean => {
    if (unread.set(response.writableLength)) return true;
    unread.refused();
    return false;
  };
  return {
    hasBegun: () => response.headersSent || response.destroyed,
    head(status, headers) {
      // What is left of an upload that the gateway refuses is not worth reading.
      const closes = !request.complete && failureHeader in headers;
      response.writeHead(status, closes ? { ...headers, connection: 'close' } : headers);
    },
    write(bytes) {
      const isTaken = response.write(bytes);
      if (!hasRoom()) return 'no_room';
      return isTaken ? 'taken' : 'behind';
    },
    onceDrained: (callback) =>
      response.once('drain', () => {
        unread.set(0);
        callback();
      }),
    end(bytes) {
      response.end(bytes);
      if (!hasRoom()) response.destroy();
      // An upload that was answered early is read to its end, or its connection would hang.
      if (!request.complete) request.resume();
    },
    cut: () => response.destroy(),
  };
}
