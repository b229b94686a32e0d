import { QueryClient } from '@tanstack/react-query';
import { type ApiClient, ApiError, createApiClient } from './api/client.ts';
import { createLiveEvents, type LiveEvents } from './api/live-events.ts';
import { createPageMemory, type PageMemory } from './shell/page-memory.ts';

/** What all parts of the page share. */
export type PageParts = {
  readonly api: ApiClient;
  readonly queries: QueryClient;
  readonly live: LiveEvents;
  readonly memory: PageMemory;
};

const freshForMs = 10_000;
/** What is not seen any more is forgotten, so that a page that is open for days does not grow. */
const keptForMs = 60_000;

/** Makes them. A call that is refused because the session is over shows the login, with why. */
export function createPageParts(): PageParts {
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: freshForMs,
        gcTime: keptForMs,
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
      },
    },
  });
  const api = createApiClient((error) => {
    if (queries.getQueryData(['session'])) {
      queries.setQueryData(['session-ended'], error.code);
      queries.setQueryData(['session'], null);
    }
  });
  return { api, queries, live: createLiveEvents(queries), memory: createPageMemory() };
}
