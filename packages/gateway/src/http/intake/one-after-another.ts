import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

/** How many requests of a connection may wait before no more is read of it. */
const waitingAtMost = 100;

/**
 * A server of Node's in which the requests of one connection begin one after the other, each when the one before is
 * answered, as their answers go out in that order anyway. Node alone begins all that have come, thousands before it
 * looks at another connection, and when the caller leaves it tells none but the first, so that the others would go on.
 */
export function createServerInOrder(options: ServerOptions, handle: RequestListener): Server {
  const lines = new WeakMap<Socket, (() => void)[]>();

  const createLine = (socket: Socket): (() => void)[] => {
    const line: (() => void)[] = [];
    lines.set(socket, line);
    // Node reads on by itself when a body is read or a request ends.
    socket.on('resume', () => line.length > waitingAtMost && socket.pause());
    return line;
  };

  const server = createServer(options, (request, response) => {
    const { socket } = request;
    const line = lines.get(socket) ?? createLine(socket);
    line.push(() => {
      response.once('close', () => {
        line.shift();
        // Not at once: other connections come between.
        if (line.length > 0) setImmediate(() => socket.destroyed || line[0]?.());
        if (line.length === waitingAtMost) socket.resume();
      });
      handle(request, response);
    });
    if (line.length === 1) line[0]?.();
    else if (line.length > waitingAtMost) socket.pause();
  });
  // Node refuses what it cannot meet without a word; what a caller expects beyond `100-continue` may be passed over.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  return server;
}
