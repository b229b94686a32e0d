import { useEffect, useState } from 'react';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Icon } from '../../../ui/icon.tsx';
import type { Failure } from '../chat/chat-types.ts';
import styles from './failure-view.module.css';
import { shownText } from './shown-text.ts';

const words = text.playground.faults;

/** Why an answer is not whole, and what to do. */
export function FailureView({
  failure,
  onRetry,
}: {
  readonly failure: Failure;
  readonly onRetry: () => void;
}) {
  const seconds = useSecondsUntil(failure.retryAtMs);
  const where = whereOf(failure.detail);
  return (
    <div className={styles.failure} role="alert">
      <Icon name="errors" size={18} />
      <div className={styles.body}>
        <p className={styles.title}>{words.titles[failure.kind]}</p>
        <p>{shownText(failure.message)}</p>
        {where && (
          <div className={styles.where}>
            <p>{where.text}</p>
            {where.frame && <pre>{shownText(where.frame)}</pre>}
          </div>
        )}
        <div className={styles.row}>
          <Button size="small" icon="refresh" disabled={seconds > 0} onClick={onRetry}>
            {seconds > 0 ? fill(words.retryIn, { seconds }) : words.retry}
          </Button>
          {failure.requestId && (
            <span className={styles.soft}>{fill(words.request, { id: failure.requestId })}</span>
          )}
        </div>
      </div>
    </div>
  );
}

/** Seconds until a moment, as they pass; 0 afterwards. */
function useSecondsUntil(atMs: number | null): number {
  const [nowMs, setNow] = useState(Date.now);
  const seconds = atMs === null ? 0 : Math.max(0, Math.ceil((atMs - nowMs) / 1000));
  const isOver = seconds === 0;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [isOver]);
  return seconds;
}

type Told = {
  readonly detail?: {
    readonly class?: string;
    readonly message?: string;
    readonly file?: string;
    readonly line?: number;
    readonly frame?: string;
  };
};

/** Where it failed in the author's own code, which admins are told. */
function whereOf(detail: unknown): { readonly text: string; readonly frame: string | null } | null {
  const { detail: told } = (detail ?? {}) as Told;
  if (!told?.message) return null;
  const place = told.file ? fill(words.where, { file: told.file, line: told.line ?? '?' }) : '';
  const named = [told.class, told.message].filter(Boolean).join(': ');
  return { text: shownText([named, place].filter(Boolean).join(' – ')), frame: told.frame ?? null };
}
