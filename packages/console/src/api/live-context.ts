import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Connection } from './live/live-event.ts';
import type { LiveEvents } from './live-events.ts';

/** Where the parts of the page find the stream of events. */
export const LiveContext = createContext<LiveEvents | null>(null);

/** The stream of events. @throws Error outside of the page's root. */
export function useLiveEvents(): LiveEvents {
  const live = useContext(LiveContext);
  if (!live) throw new Error('There is no stream of events around this part.');
  return live;
}

/** How the page is connected, as it changes. */
export function useConnection(): Connection {
  const live = useLiveEvents();
  return useSyncExternalStore(live.subscribe, live.connection);
}
