import type { Query, QueryClient } from '@tanstack/react-query';
import type { Connection, LiveEvent } from './live/live-event.ts';
import { shareStream } from './live/share-stream.ts';

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
      running = shareStream({ event: take, connection: tell });
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
