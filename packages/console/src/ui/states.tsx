import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { ApiError } from '../api/client.ts';
import { fill, text } from '../strings/text.ts';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';
import styles from './states.module.css';

/** What failed, and what to do. The titles stand in place of the common ones; the second where the key may not. */
export function ErrorPanel({
  error,
  onRetry,
  title,
  deniedTitle,
}: {
  readonly error: unknown;
  readonly onRetry?: () => void;
  readonly title?: string;
  readonly deniedTitle?: string | undefined;
}) {
  const isDenied = error instanceof ApiError && error.status === 403;
  const said = isDenied
    ? (deniedTitle ?? title ?? text.common.notAllowed)
    : (title ?? text.common.failed);
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Below a long form it would be told to nobody. Some browsers answer with a promise, which is no way to clean up.
    panel.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={panel} className={styles.error} role="alert">
      <Icon name="errors" size={20} />
      <div>
        <p className={styles.title}>{said}</p>
        <p>{error instanceof Error ? error.message : String(error)}</p>
        {isDenied && <p>{text.common.notAllowedHint}</p>}
        {error instanceof ApiError && error.requestId && (
          <p className={styles.soft}>{fill(text.common.requestId, { id: error.requestId })}</p>
        )}
        {onRetry && (
          <Button size="small" icon="refresh" onClick={onRetry}>
            {text.common.retry}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Where a list has nothing: why, and what to do about it. */
export function EmptyState(props: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles.empty}>
      <Icon name={props.icon} size={28} />
      <p className={styles.title}>{props.title}</p>
      {props.children && <div className={styles.emptyBody}>{props.children}</div>}
    </div>
  );
}

/** Keeps the place of what is being loaded, so that nothing jumps. */
export function Skeleton({
  rows = 3,
  height = 40,
}: {
  readonly rows?: number;
  readonly height?: number;
}) {
  const keys = Array.from({ length: rows }, (_, index) => index);
  return (
    <div className={styles.skeleton} role="status" aria-label={text.common.loading}>
      {keys.map((key) => (
        <div key={key} style={{ height }} />
      ))}
    </div>
  );
}

/** What a query has, or in its place that it loads or failed. Data that is shown stays while it is read anew. */
export function QueryView<Data>(props: {
  readonly query: UseQueryResult<Data>;
  readonly skeleton?: ReactNode;
  /** What is said where the key may not see it. */
  readonly deniedTitle?: string;
  readonly children: (data: Data) => ReactNode;
}) {
  const { query, skeleton = <Skeleton />, deniedTitle, children } = props;
  if (query.data !== undefined) return children(query.data);
  if (query.isError) {
    const retry = () => void query.refetch();
    return <ErrorPanel error={query.error} deniedTitle={deniedTitle} onRetry={retry} />;
  }
  return skeleton;
}
