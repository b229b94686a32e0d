import type { Connection, LiveEvent } from './live-event.ts';

/** What a reader of the stream is told. */
export type StreamHearer = {
  readonly event: (event: LiveEvent) => void;
  readonly connection: (connection: Connection) => void;
};

/** Where a reader goes on: the id of the last event that was heard, by whichever tab. */
export type StreamPlace = { after: string | null };

/** A break of a moment is over soon; what lasts is asked less often. */
const retryMs = [500, 1000];
const longestRetryMs = 2000;
const fullRetryMs = 15_000;

/** Reads the events of the gateway until the signal, and again whenever the stream breaks. */
export async function readStream(
  signal: AbortSignal,
  place: StreamPlace,
  hearer: StreamHearer,
): Promise<void> {
  let breaks = 0;
  const heard: StreamHearer = {
    ...hearer,
    event(event) {
      breaks = 0;
      hearer.event(event);
    },
  };
  while (!signal.aborted) {
    const ended = await readOnce(signal, place, heard);
    if (signal.aborted) return;
    if (ended === 'refused') hearer.event({ type: 'ended', reason: ended });
    hearer.connection(connectionOf(ended));
    const waitMs = ended === 'full' ? fullRetryMs : (retryMs[breaks] ?? longestRetryMs);
    breaks += 1;
    await pause(waitMs, signal);
  }
}

type Ended = 'broken' | 'full' | 'refused';

function readOnce(signal: AbortSignal, place: StreamPlace, hearer: StreamHearer): Promise<Ended> {
  return new Promise((resolve) => {
    const { after } = place;
    const source = new EventSource(
      after === null ? '/admin/events' : `/admin/events?after=${encodeURIComponent(after)}`,
    );
    const over = new AbortController();
    const end = (how: Ended) => {
      source.close();
      over.abort();
      resolve(how);
    };
    source.onmessage = ({ data, lastEventId }) => {
      if (lastEventId !== '') place.after = lastEventId;
      const event = JSON.parse(data) as LiveEvent;
      // A gateway that stops ends streams, and no session.
      if (event.type !== 'ended' || event.reason !== 'stopping') hearer.event(event);
    };
    source.onerror = () => {
      // It would go on by itself, beside what begins next.
      source.close();
      void whyBroken(over.signal).then(end);
    };
    signal.addEventListener('abort', () => end('broken'), { signal: over.signal });
    // A connection does not break by itself when the cable is pulled.
    window.addEventListener('offline', () => end('broken'), { signal: over.signal });
  });
}

function connectionOf(ended: Ended): Connection {
  if (ended === 'full') return 'full';
  return navigator.onLine ? 'lost' : 'offline';
}

/** A stream that is refused says not why, so it is asked for once more: the answer tells whether the session is over. */
async function whyBroken(signal: AbortSignal): Promise<Ended> {
  const asked = fetch('/admin/events', { credentials: 'same-origin', signal });
  const response = await asked.catch(() => null);
  void response?.body?.cancel().catch(() => undefined);
  if (response?.status === 401) return 'refused';
  return response?.status === 429 ? 'full' : 'broken';
}

/** Waits for a time, or until the signal, or the network is back. Nothing of it stays. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const done = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { signal: over.signal });
    window.addEventListener('online', done, { signal: over.signal });
  });
}
