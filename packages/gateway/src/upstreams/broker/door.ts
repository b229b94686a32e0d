import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type ServerOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A way to the broker for workers without a network: a socket in a folder that nobody else enters. */
export type BrokerDoor = {
  /** Absolute. */
  readonly socket: string;
  readonly close: () => Promise<void>;
};

/**
 * Answers requests on a socket. It lies below the folder for temporary files, because its path has to be short.
 *
 * @param group - Whose members may connect too; null for the gateway's own user alone.
 */
export async function openDoor(
  handle: RequestListener,
  {
    group,
    settings,
    maxConnections,
  }: {
    readonly group: number | null;
    readonly settings: ServerOptions;
    readonly maxConnections: number;
  },
): Promise<BrokerDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-broker-'));
  const socket = join(folder, 'broker.sock');
  const server = createServer(settings, handle);
  server.maxConnections = maxConnections;
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(socket, listening.resolve);
  await listening.promise;
  server.off('error', listening.reject);
  if (group !== null) letGroupIn(folder, socket, group);
  return {
    socket,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function letGroupIn(folder: string, socket: string, group: number): void {
  const owner = process.getuid?.() ?? 0;
  for (const path of [folder, socket]) chownSync(path, owner, group);
  chmodSync(folder, 0o710);
  chmodSync(socket, 0o660);
}
