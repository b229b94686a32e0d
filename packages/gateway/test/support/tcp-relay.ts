import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut. */
export type TcpRelay = {
  readonly port: number;
  /** Ends every connection and takes no new one. */
  readonly cut: () => Promise<void>;
  /** Keeps every connection, new ones too, but passes nothing on any more. */
  readonly mute: () => void;
  /** Takes connections again. */
  readonly mend: () => Promise<void>;
};

/** Passes on what comes to a port of its own on 127.0.0.1. */
export async function startTcpRelay(to: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
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
      if (isMute) return;
      const far = connect(to);
      keep(far);
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
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
    async mend() {
      isMute = false;
      if (server.listening) await cut();
      await listen(port);
    },
  };
}
