import { createContext, useContext } from 'react';

/** What happened to the login that all tabs of this browser share. */
export type SessionNews = 'logged_in' | 'logged_out';

/** The other tabs of this browser. */
export type SessionTabs = { readonly tell: (news: SessionNews) => void };

/** Tells other tabs of logins, and hears theirs as long as the page is open. */
export function createSessionTabs(hear: (news: SessionNews) => void): SessionTabs {
  const channel = new BroadcastChannel('dropgate-session');
  channel.onmessage = ({ data }: MessageEvent<SessionNews>) => hear(data);
  return { tell: (news) => channel.postMessage(news) };
}

/** Where the parts of the page find them. */
export const SessionTabsContext = createContext<SessionTabs | null>(null);

/** The other tabs. @throws Error outside of the page's root. */
export function useSessionTabs(): SessionTabs {
  const tabs = useContext(SessionTabsContext);
  if (!tabs) throw new Error('There are no other tabs around this part.');
  return tabs;
}
