import { connect, createServer } from 'node:net';

/**
 * Lets what runs in this process and its children reach the broker where they have no network: listens on the broker's
 * port of this sandbox's own loopback and passes each connection on to the broker's socket.
 *
 * @param door - `<port>:<path of the socket>`; undefined where the network is there.
 */
export function openBrokerDoor(door: string | undefined): void {
  const [, port, socket] = /^(\d+):(.+)$/.exec(door ?? '') ?? [];
  if (socket === undefined) return;
  const server = createServer({ noDelay: true }, (inside) => {
    const outside = connect(socket);
    inside.pipe(outside).pipe(inside);
    inside.once('error', () => outside.destroy());
    outside.once('error', () => inside.destroy());
    inside.once('close', () => outside.destroy());
  });
  // Without it the module has no models, which its calls will say.
  server.on('error', () => {});
  server.listen(Number(port), '127.0.0.1');
  server.unref();
}
