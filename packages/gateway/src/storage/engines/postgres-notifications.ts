import type { Client } from 'pg';
import { endSoon } from './postgres-connections.ts';

/** Pause before a lost connection is made anew; whoever needs more than a hint asks by itself meanwhile. */
const RECONNECT_MS = 250;

/** Listens to a channel for as long as somebody wants to know. */
export type PostgresNotifications = {
  readonly onNotification: (listener: () => void) => () => void;
  readonly close: () => Promise<void>;
};

/**
 * Makes the listening; it connects with the first listener and again whenever the connection is lost.
 *
 * @param newClient - A client that is not connected yet.
 */
export function createPostgresNotifications(
  newClient: () => Client,
  channel: string,
): PostgresNotifications {
  const listeners = new Set<() => void>();
  let current: Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;
  const notify = () => {
    for (const listener of listeners) listener();
  };

  const connect = () => {
    const client = newClient();
    current = client;
    const reconnectLater = () => {
      if (current !== client) return;
      current = null;
      void endSoon(client);
      if (!isClosed) timer = setTimeout(connect, RECONNECT_MS).unref();
    };
    client.on('error', reconnectLater);
    client.on('end', reconnectLater);
    client.on('notification', notify);
    client
      .connect()
      .then(() => client.query(`listen ${channel}`))
      // What was said while nobody listened is not said again.
      .then(notify, reconnectLater);
  };

  return {
    onNotification(listener) {
      listeners.add(listener);
      if (current === null && timer === null && !isClosed) connect();
      return () => listeners.delete(listener);
    },
    async close() {
      isClosed = true;
      listeners.clear();
      if (timer) clearTimeout(timer);
      const client = current;
      current = null;
      if (client) await endSoon(client);
    },
  };
}
