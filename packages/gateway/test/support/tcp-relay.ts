import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut. */
export type TcpRelay = {
  readonly port: number;
  /** Ends every connection and takes no new one. */
  readonly cut: () => Promise<void>;
  /** Keeps every connection, new ones too, but passes nothing on any more. */
  readonly mute: () => void;
  /** Passes on again what came meanwhile, over the same connections. */
  readonly speak: () => void;
  /** Takes connections again. */
  readonly mend: () => Promise<void>;
};

/** Passes on what comes to a port of its own on 127.0.0.1. */
export async function startTcpRelay(to: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  /** What comes over a socket → where it goes. */
  const ways = new Map<Socket, Socket>();
  let server: Server;
  let isMute = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const listen = async (port: number) => {
    server = createServer((near) => {
      keep(near);
      const far = connect(to);
      keep(far);
      ways.set(near, far).set(far, near);
      if (!isMute) near.pipe(far).pipe(near);
      near.on('close', () => far.destroy() && ways.delete(near));
      far.on('close', () => near.destroy() && ways.delete(far));
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  };
  const port = await listen(0);
  const cut = async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port,
    cut,
    mute() {
      isMute = true;
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    speak() {
      isMute = false;
      for (const [from, to] of ways) from.pipe(to);
    },
    async mend() {
      isMute = false;
      if (server.listening) await cut();
      await listen(port);
    },
  };
}
