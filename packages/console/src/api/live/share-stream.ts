import type { Connection, LiveEvent } from './live-event.ts';
import { readStream, type StreamHearer, type StreamPlace } from './read-stream.ts';

/** What tabs tell one another. */
type Told =
  | { readonly type: 'event'; readonly event: LiveEvent; readonly after: string | null }
  | { readonly type: 'connection'; readonly connection: Connection }
  /** Of a tab that was opened later: how does it stand? */
  | { readonly type: 'asked' }
  | { readonly type: 'stands'; readonly standing: Standing };

type Standing = {
  /** The last greeting of the gateway. */
  readonly hello: LiveEvent;
  readonly connection: Connection;
  readonly after: string | null;
};

const name = 'dropgate-events';

/**
 * Hears the events of the gateway, by whichever tab reads them. When that tab closes another one goes on where it was.
 *
 * @returns What ends that.
 */
export function shareStream(hearer: StreamHearer): () => void {
  const end = new AbortController();
  if (!isSecureContext) {
    // Over plain http from another machine a browser has no locks: each tab reads for itself.
    void readStream(end.signal, { after: null }, hearer);
    return () => end.abort();
  }
  const channel = new BroadcastChannel(name);
  const place: StreamPlace = { after: null };
  const tabs = createTabs(channel, { hearer, place });
  channel.postMessage({ type: 'asked' } satisfies Told);
  void holdLock(end.signal, () => readStream(end.signal, place, tabs));
  return () => {
    end.abort();
    channel.close();
  };
}

/** Hears other tabs, and tells them what this one reads. */
function createTabs(
  channel: BroadcastChannel,
  { hearer, place }: { readonly hearer: StreamHearer; readonly place: StreamPlace },
): StreamHearer {
  let hello: LiveEvent | null = null;
  /** Of the tab that reads; null in the others. */
  let read: Connection | null = null;
  const note = (event: LiveEvent) => {
    if (event.type === 'hello') hello = event;
    hearer.event(event);
  };
  const answer = () => {
    if (!hello || read === null) return;
    const standing = { hello: { ...hello, missed: false }, connection: read, after: place.after };
    channel.postMessage({ type: 'stands', standing } satisfies Told);
  };
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    switch (data.type) {
      case 'event':
        place.after = data.after;
        return note(data.event);
      case 'connection':
        return hearer.connection(data.connection);
      case 'asked':
        return answer();
      case 'stands':
        // Who knows already has not asked.
        if (hello) return;
        place.after = data.standing.after;
        note(data.standing.hello);
        return hearer.connection(data.standing.connection);
      default:
        return data satisfies never;
    }
  };
  return {
    event(event) {
      read = 'live';
      note(event);
      channel.postMessage({ type: 'event', event, after: place.after } satisfies Told);
    },
    connection(connection) {
      read = connection;
      hearer.connection(connection);
      channel.postMessage({ type: 'connection', connection } satisfies Told);
    },
  };
}

/** Runs `work` in one tab at a time, until the signal. */
async function holdLock(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await navigator.locks.request(name, { signal }, work);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
