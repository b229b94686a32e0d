import { useInfiniteQuery } from '@tanstack/react-query';
import { useApi } from '../api/api-context.ts';
import { approvalsQuery } from '../api/approvals.ts';
import { fill, text } from '../strings/text.ts';
import styles from './navigation.module.css';

/** How many calls wait for a person; nothing where none does. */
export function WaitingCount() {
  const waiting = useInfiniteQuery(approvalsQuery(useApi(), { status: 'pending' }));
  const pages = waiting.data?.pages ?? [];
  const count = pages.reduce((sum, { approvals }) => sum + approvals.length, 0);
  if (count === 0) return null;
  const shown = waiting.hasNextPage ? `${count}+` : String(count);
  return (
    <span className={styles.count} title={fill(text.nav.waiting, { count: shown })}>
      {shown}
    </span>
  );
}
