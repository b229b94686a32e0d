import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createSightings, type Sightings } from './sightings.ts';

/** Hears of runs in workers: each holds a connection, with its number as the only line, until it is stopped. */
export type LineServer = {
  readonly port: number;
  readonly sightings: Sightings;
  readonly openLines: () => number;
  readonly stop: () => void;
};

export async function startLineServer(): Promise<LineServer> {
  const sightings = createSightings();
  const open = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    open.add(socket);
    let text = '';
    let id: number | null = null;
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (id !== null || !text.includes('\n')) return;
      id = Number(text);
      sightings.begun(id);
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      open.delete(socket);
      if (id !== null) sightings.ended(id);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sightings,
    openLines: () => open.size,
    stop() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
