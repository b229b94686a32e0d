import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { useApi } from './api-context.ts';
import { type Answer, type ApiClient, ApiError } from './client.ts';

/** Who is logged in, until when. */
export type Session = Answer<'GET /console/session'>;

/** The session of this browser; null where nobody is logged in. */
export function sessionQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['session'],
    staleTime: Infinity,
    gcTime: Infinity,
    queryFn: () => readSession(api),
  });
}

/**
 * Logs in with the code of the one-time link that the page was opened by: the session is that of the link, or where it
 * logs in no more, that of before.
 *
 * @param onLogin - Told once that went well.
 */
export async function redeemLink(
  api: ApiClient,
  queries: QueryClient,
  { code, onLogin }: { readonly code: string; readonly onLogin: () => void },
): Promise<void> {
  await queries.prefetchQuery({
    ...sessionQuery(api),
    async queryFn() {
      try {
        const session = await logIn(api, { code });
        onLogin();
        return session;
      } catch (error) {
        queries.setQueryData(['link-fault'], error instanceof Error ? error.message : null);
        return readSession(api);
      }
    },
  });
}

async function readSession(api: ApiClient): Promise<Session | null> {
  try {
    return take(api, await api.call('GET /console/session'));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Who is logged in; null in the moment in which nobody is. */
export function useSession(): Session | null {
  return useQuery(sessionQuery(useApi())).data ?? null;
}

/** The role of who is logged in: the gateway decides, this only leaves out what it would refuse. */
export function useRole(): Session['role'] {
  return useSession()?.role ?? 'caller';
}

/** Logs in with a key, or with the code of a one-time link. @throws ApiError */
export async function logIn(
  api: ApiClient,
  proof: { readonly key: string } | { readonly code: string },
): Promise<Session> {
  return take(api, await api.call('POST /console/session', { body: proof }));
}

/** Logs out here and in all tabs. @throws ApiError */
export async function logOut(api: ApiClient): Promise<void> {
  await api.call('DELETE /console/session');
  api.setCsrfToken(null);
}

/** Shows the login, and why: the gateway's code, or `logged_out`. What was read for the session is forgotten. */
export function showLogin(queries: QueryClient, why: string | null): void {
  queries.setQueryData(['session-ended'], why);
  queries.setQueryData(['session'], null);
  queries.removeQueries({ predicate: ({ queryKey }) => !`${queryKey[0]}`.startsWith('session') });
}

function take(api: ApiClient, session: Session): Session {
  api.setCsrfToken(session.csrf_token);
  return session;
}
