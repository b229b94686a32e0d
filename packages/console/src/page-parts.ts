import { QueryClient } from '@tanstack/react-query';
import { type ApiClient, ApiError, createApiClient } from './api/client.ts';
import { createLiveEvents, type LiveEvents } from './api/live-events.ts';
import { redeemLink, showLogin } from './api/session.ts';
import { createSessionTabs, type SessionTabs } from './api/session-tabs.ts';
import { watchAttendance } from './shell/attendance.ts';
import { takeLinkCode } from './shell/link-code.ts';
import { createPageMemory, type PageMemory } from './shell/page-memory.ts';

/** What all parts of the page share. */
export type PageParts = {
  readonly api: ApiClient;
  readonly queries: QueryClient;
  readonly live: LiveEvents;
  readonly memory: PageMemory;
  readonly tabs: SessionTabs;
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
  const api = createApiClient({
    isAttended: watchAttendance(),
    onUnauthorized(error) {
      if (queries.getQueryData(['session'])) showLogin(queries, error.code);
    },
  });
  const memory = createPageMemory();
  const tabs = createSessionTabs((news) => {
    // A login has a token of its own, and may be another key's.
    if (news === 'logged_in') return void queries.invalidateQueries();
    memory.forget();
    api.setCsrfToken(null);
    showLogin(queries, news);
  });
  const code = takeLinkCode();
  if (code !== null) {
    void redeemLink(api, queries, { code, onLogin: () => tabs.tell('logged_in') });
  }
  return { api, queries, live: createLiveEvents(queries), memory, tabs };
}
