import type { IncomingMessage, ServerResponse } from 'node:http';
import { failureHeader } from '../../protocol/worker/broker-headers.ts';
import type { AnswerSink } from '../relay/answer-sink.ts';

/** The answer to a request that came over a connection. */
export function createHttpSink(request: IncomingMessage, response: ServerResponse): AnswerSink {
  return {
    hasBegun: () => response.headersSent || response.destroyed,
    head(status, headers) {
      // What is left of an upload that the gateway refuses is not worth reading.
      const closes = !request.complete && failureHeader in headers;
      response.writeHead(status, closes ? { ...headers, connection: 'close' } : headers);
    },
    write: (bytes) => response.write(bytes),
    onceDrained: (callback) => response.once('drain', callback),
    end(bytes) {
      response.end(bytes);
      // An upload that was answered early is read to its end, or its connection would hang.
      if (!request.complete) request.resume();
    },
    cut: () => response.destroy(),
  };
}
