import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Outlet, useLocation, useMatches, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useApi } from '../api/api-context.ts';
import { useLiveEvents } from '../api/live-context.ts';
import { type Session, sessionQuery } from '../api/session.ts';
import { text } from '../strings/text.ts';
import { CrashGuard } from '../ui/crash-guard.tsx';
import { ErrorPanel, Skeleton } from '../ui/states.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { LoginPage } from './login-page.tsx';
import { Navigation } from './navigation.tsx';
import { pages, pagesOf } from './pages.ts';
import { Palette } from './palette.tsx';
import styles from './shell.module.css';
import { useShortcuts } from './use-shortcuts.ts';

/** All that is around a page; the login where nobody is logged in. */
export function Shell() {
  const session = useQuery(sessionQuery(useApi()));
  // One that cannot be read again for a while is still there.
  if (session.data) return <Inside session={session.data} />;
  if (session.isPending) return <Skeleton rows={1} height={200} />;
  if (session.isError) {
    return (
      <main className={styles.alone}>
        <ErrorPanel error={session.error} onRetry={() => void session.refetch()} />
      </main>
    );
  }
  return <LoginPage />;
}

function Inside({ session }: { readonly session: Session }) {
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const live = useLiveEvents();
  const main = useRef<HTMLElement>(null);
  const isCaller = session.role === 'caller';
  useShortcuts({ onPalette: () => setPaletteOpen(true) });
  useEffect(() => {
    if (isCaller) return;
    live.start();
    return live.stop;
  }, [live, isCaller]);
  useSessionLook(isCaller);
  const isAllowed = useAllowedPage(session.role);
  const { pathname } = useLocation();
  return (
    <div className={styles.shell}>
      <button type="button" className={styles.skip} onClick={() => main.current?.focus()}>
        {text.nav.skip}
      </button>
      <Navigation session={session} onPalette={() => setPaletteOpen(true)} />
      <main ref={main} id="content" className={styles.main} tabIndex={-1}>
        {!isCaller && <ConnectionBanner />}
        <CrashGuard key={pathname}>{isAllowed && <Outlet />}</CrashGuard>
      </main>
      <Palette role={session.role} open={isPaletteOpen} onOpenChange={setPaletteOpen} />
    </div>
  );
}

/** Callers hear no events, so whether their session goes on is asked when the window is seen again. */
function useSessionLook(isCaller: boolean): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (!isCaller) return;
    const look = () => {
      if (!document.hidden) void queries.invalidateQueries({ queryKey: ['session'] });
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [queries, isCaller]);
}

/** Leads away from a page that the role may not use. Until it has, false: what that page asks would be logged as denied. */
function useAllowedPage(role: Session['role']): boolean {
  const { pathname } = useLocation();
  // The address changes first; the page before it is shown until the next one is there.
  const shown = useMatches({ select: (matches) => matches.at(-1)?.pathname ?? pathname });
  const navigate = useNavigate();
  const isAllowed = mayUse(role, pathname);
  const first = pagesOf(role)[0]?.to ?? '/playground';
  useEffect(() => {
    if (!isAllowed) void navigate({ to: first, replace: true });
  }, [isAllowed, first, navigate]);
  return isAllowed && mayUse(role, shown);
}

function mayUse(role: Session['role'], pathname: string): boolean {
  const isIn = ({ to }: { readonly to: string }) => pathname.startsWith(to);
  return !pages.some(isIn) || pagesOf(role).some(isIn);
}
