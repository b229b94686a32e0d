import { useQueryClient } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useApi } from '../api/api-context.ts';
import { logOut, type Session, showLogin } from '../api/session.ts';
import { useSessionTabs } from '../api/session-tabs.ts';
import { fill, text } from '../strings/text.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import styles from './navigation.module.css';
import { usePageMemory } from './page-memory.ts';
import { pagesOf } from './pages.ts';
import { keepTheme, readTheme, themes } from './theme.ts';
import { WaitingCount } from './waiting-count.tsx';

/** The menu: a column at the left, and a list that a button opens where the window is narrow. */
export function Navigation({
  session,
  onPalette,
}: {
  readonly session: Session;
  readonly onPalette: () => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a page that is gone to closes the list
  useEffect(() => setOpen(false), [pathname]);
  return (
    <nav className={`${styles.nav} ${isOpen ? styles.open : ''}`} aria-label={text.nav.title}>
      <div className={styles.top}>
        <span className={styles.mark}>
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width={22} height={22} />
          {text.common.product}
        </span>
        <Button
          className={styles.toggle ?? ''}
          variant="ghost"
          icon={isOpen ? 'close' : 'menu'}
          aria-label={text.nav.menu}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
      </div>
      <div className={styles.body}>
        <button type="button" className={styles.palette} onClick={onPalette}>
          <Icon name="search" />
          <span>{text.nav.palette}</span>
          <kbd>Ctrl K</kbd>
        </button>
        <ul className={styles.list}>
          {pagesOf(session.role).map(({ name, to }) => (
            <li key={to}>
              <Link to={to} className={styles.link ?? ''} activeProps={{ 'aria-current': 'page' }}>
                <Icon name={name} size={17} />
                {text.nav[name] as string}
                {name === 'approvals' && <WaitingCount />}
              </Link>
            </li>
          ))}
        </ul>
        <Footer session={session} />
      </div>
    </nav>
  );
}

function Footer({ session }: { readonly session: Session }) {
  const api = useApi();
  const queries = useQueryClient();
  const memory = usePageMemory();
  const tabs = useSessionTabs();
  const [theme, setTheme] = useState(readTheme);
  const nextTheme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
  const who = fill(text.nav.loggedInAs, { name: session.key.name, role: session.role });
  async function leave(): Promise<void> {
    await logOut(api).catch(() => undefined);
    memory.forget();
    tabs.tell('logged_out');
    showLogin(queries, 'logged_out');
  }
  return (
    <div className={styles.footer}>
      <p className={styles.who} title={who}>
        {session.key.name}
        <span>{session.role}</span>
      </p>
      <Button
        variant="ghost"
        size="small"
        icon="theme"
        aria-label={fill(text.nav.theme, { theme: text.nav.themes[theme] })}
        title={fill(text.nav.theme, { theme: text.nav.themes[theme] })}
        onClick={() => {
          keepTheme(nextTheme);
          setTheme(nextTheme);
        }}
      />
      <Button
        variant="ghost"
        size="small"
        icon="logout"
        aria-label={text.nav.logout}
        title={text.nav.logout}
        onClick={() => void leave()}
      />
    </div>
  );
}
