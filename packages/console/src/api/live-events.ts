import type { Query, QueryClient } from '@tanstack/react-query';

/** Something that happened in the gateway, as `GET /admin/events` tells it. */
export type LiveEvent = { readonly type: string; readonly at?: string } & Readonly<
  Record<string, unknown>
>;

/** How the page is connected. `restarted`: another life of the gateway answers than before; said once. */
export type Connection = 'connecting' | 'live' | 'lost' | 'offline' | 'full' | 'restarted';

/** The one stream of events of all tabs of this browser. */
export type LiveEvents = {
  readonly start: () => void;
  readonly stop: () => void;
  /** Hears each event; the returned function ends that. */
  readonly listen: (listener: (event: LiveEvent) => void) => () => void;
  /** As `useSyncExternalStore` takes them. */
  readonly subscribe: (onChange: () => void) => () => void;
  readonly connection: () => Connection;
};

/** What is read anew after which event: the first part of the keys of queries. */
const readAnew: Readonly<Record<string, readonly string[]>> = {
  agent_changed: ['agents', 'models', 'errors'],
  errors_changed: ['errors', 'agents'],
  run_started: ['runs', 'status', 'decisions'],
  run_ended: ['runs', 'usage', 'status', 'errors'],
  tool_called: ['tools', 'decisions'],
  approval_asked: ['approvals'],
  approval_answered: ['approvals', 'runs'],
  access_denied: ['decisions'],
  rules_changed: ['rules', 'matrix'],
  overrides_changed: ['overrides', 'rules', 'matrix'],
  keys_changed: ['keys', 'matrix'],
  upstream_changed: ['upstreams', 'status'],
  worker_changed: ['status', 'agents'],
  queue_changed: ['status'],
  // Of a key that was revoked the session is over: whoever asks for it hears that.
  ended: ['session'],
  skipped: ['runs', 'tools', 'usage', 'status', 'decisions'],
};

/** What changes with every call, and is read anew less often. */
const busy: readonly string[] = ['runs', 'usage', 'tools', 'decisions', 'status'];

const soonMs = 150;
const laterMs = 2000;
const retryMs = 2000;
const fullRetryMs = 15_000;

/**
 * Makes the stream. One tab holds it for all, since a browser opens six connections to a server at most; the others
 * hear of events from that tab, and one of them takes over when it closes.
 */
export function createLiveEvents(queries: QueryClient): LiveEvents {
  const listeners = new Set<(event: LiveEvent) => void>();
  const watchers = new Set<() => void>();
  let state: Connection = 'connecting';
  let life: unknown = null;
  let running: (() => void) | null = null;
  const invalidate = (names: readonly string[]) =>
    names.forEach((name) => void queries.invalidateQueries({ queryKey: [name] }));
  const soon = createGathered(soonMs, invalidate);
  const later = createGathered(laterMs, invalidate);

  function tell(next: Connection): void {
    if (state === next) return;
    state = next;
    for (const watcher of watchers) watcher();
  }

  function take(event: LiveEvent): void {
    if (event.type === 'hello') {
      const isOther = life !== null && life !== event.life;
      // What was read before the first word of the stream may have changed until then.
      if (life === null) void queries.invalidateQueries({ predicate: isNoSession });
      else if (isOther || event.missed === true) void queries.invalidateQueries();
      life = event.life;
      tell(isOther ? 'restarted' : 'live');
      return;
    }
    if (state !== 'live' && state !== 'restarted') tell('live');
    for (const name of readAnew[event.type] ?? []) (busy.includes(name) ? later : soon)(name);
    for (const listener of listeners) listener(event);
  }

  return {
    start() {
      if (running) return;
      running = shareStream((message) => {
        if ('connection' in message) tell(message.connection as Connection);
        else take(message as LiveEvent);
      });
    },
    stop() {
      running?.();
      running = null;
      life = null;
      tell('connecting');
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    subscribe(onChange) {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
    connection: () => state,
  };
}

function isNoSession({ queryKey }: Query): boolean {
  return queryKey[0] !== 'session';
}

/** Hears the stream, by whichever tab it is read. Returns what ends that. */
function shareStream(hear: Share): () => void {
  const end = new AbortController();
  if (!isSecureContext) {
    // Over plain http from another machine a browser has no locks: each tab reads for itself.
    void readStream(end.signal, hear);
    return () => end.abort();
  }
  const channel = new BroadcastChannel('dropgate-events');
  channel.onmessage = ({ data }) => hear(data);
  const share: Share = (message) => {
    hear(message);
    channel.postMessage(message);
  };
  void holdLock(end.signal, () => readStream(end.signal, share));
  return () => {
    end.abort();
    channel.close();
  };
}

/** Runs `work` in one tab at a time, until the signal. */
async function holdLock(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await navigator.locks.request('dropgate-events', { signal }, work);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

type Share = (message: LiveEvent | { readonly connection: Connection }) => void;

/** Reads until the signal, and again whenever the stream breaks. */
async function readStream(signal: AbortSignal, share: Share): Promise<void> {
  let after: string | null = null;
  while (!signal.aborted) {
    const ended = await new Promise<'broken' | 'full' | 'over'>((resolve) => {
      const source = new EventSource(
        after === null ? '/admin/events' : `/admin/events?after=${after}`,
      );
      const end = (how: 'broken' | 'full' | 'over') => {
        source.close();
        resolve(how);
      };
      source.onmessage = ({ data, lastEventId }) => {
        if (lastEventId !== '') after = lastEventId;
        const event = JSON.parse(data) as LiveEvent;
        // A gateway that stops ends streams, and no session.
        if (event.type !== 'ended' || event.reason !== 'stopping') share(event);
      };
      source.onerror = () => {
        void whyBroken().then((why) => {
          if (why === 'refused') share({ type: 'ended', reason: why });
          end(why === 'full' ? 'full' : 'broken');
        });
      };
      signal.addEventListener('abort', () => end('over'), { once: true });
    });
    if (ended === 'over') return;
    share({ connection: connectionOf(ended) });
    await waited(ended === 'full' ? fullRetryMs : retryMs, signal);
  }
}

function connectionOf(ended: 'broken' | 'full'): Connection {
  if (ended === 'full') return 'full';
  return navigator.onLine ? 'lost' : 'offline';
}

/** A stream that is refused says not why, so it is asked for once more: the answer tells whether the session is over. */
async function whyBroken(): Promise<'broken' | 'full' | 'refused'> {
  const response = await fetch('/admin/events', { credentials: 'same-origin' }).catch(() => null);
  void response?.body?.cancel().catch(() => undefined);
  if (response?.status === 401) return 'refused';
  return response?.status === 429 ? 'full' : 'broken';
}

function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    window.addEventListener('online', done, { once: true });
  });
}

/** Collects names for a while, and hands each over once. */
function createGathered(ms: number, deliver: (names: readonly string[]) => void) {
  const names = new Set<string>();
  return (name: string) => {
    if (names.size === 0) {
      setTimeout(() => {
        deliver([...names]);
        names.clear();
      }, ms);
    }
    names.add(name);
  };
}
