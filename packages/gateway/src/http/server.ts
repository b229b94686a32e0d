import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../errors.ts';
import { createApp } from './app.ts';
import type { HttpDeps } from './deps.ts';

/** The listening side of the gateway. */
export type HttpServer = {
  /** Resolves to the URL it listens on; port 0 picks a free one. Rejects where the address is taken. */
  readonly listen: (address: { readonly host: string; readonly port: number }) => Promise<string>;
  /**
   * Stops accepting, lets answers and streams end by themselves, and ends what is left after `deadlineMs` with an
   * explicit failure. Resolves when every connection is closed.
   */
  readonly drain: (deadlineMs: number) => Promise<void>;
};

/** How often connections that have become idle are closed while draining. */
const sweepIntervalMs = 25;

/** How long a connection over which nobody has asked yet may stay while draining: its request may be on the way. */
const unaskedMs = 1000;

/** How long the last words of ended answers may take. */
const lastWordsMs = 1000;

export function createServer(deps: HttpDeps): HttpServer {
  const app = createApp(deps);
  const unasked = followUnasked(app.server);
  let draining: Promise<void> | null = null;

  async function drain(deadlineMs: number): Promise<void> {
    const sweep = setInterval(() => {
      app.server.closeIdleConnections();
      unasked.close(unaskedMs);
    }, sweepIntervalMs);
    let cut: NodeJS.Timeout | null = null;
    const cutOff = Promise.withResolvers<void>();
    const deadline = setTimeout(() => {
      app.openRuns.endAll(stopping());
      cut = setTimeout(() => {
        app.server.closeAllConnections();
        cutOff.resolve();
      }, lastWordsMs);
    }, deadlineMs);
    try {
      await app.close();
      // Those that nobody waits for here are kept for whoever asks again.
      await Promise.race([app.flights.over(), cutOff.promise]);
    } finally {
      clearInterval(sweep);
      clearTimeout(deadline);
      if (cut) clearTimeout(cut);
    }
  }

  return {
    listen: ({ host, port }) => app.listen({ host, port }),
    drain: (deadlineMs) => {
      draining ??= drain(deadlineMs);
      return draining;
    },
  };
}

function stopping(): GatewayError {
  return new GatewayError('overloaded', 'The gateway is stopping. Try again in a moment.');
}

/** Connections without a first request, which Node does not count as idle: browsers and clients open them ahead. */
function followUnasked(server: Server) {
  const sinceMs = new Map<Socket, number>();
  server.on('connection', (socket) => {
    sinceMs.set(socket, performance.now());
    socket.once('close', () => sinceMs.delete(socket));
  });
  server.on('request', ({ socket }) => sinceMs.delete(socket));
  return {
    /** Ends those that are older. */
    close(ageMs: number): void {
      const latestMs = performance.now() - ageMs;
      for (const [socket, atMs] of sinceMs) if (atMs < latestMs) socket.destroy();
    },
  };
}
