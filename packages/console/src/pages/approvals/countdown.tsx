import { useSyncExternalStore } from 'react';
import { text } from '../../strings/text.ts';
import { duration } from '../../ui/data/time.tsx';
import styles from './approvals.module.css';

const secondMs = 1000;
const soonMs = 60_000;

/** How long there is still time, second by second. */
export function Countdown({ until }: { readonly until: string }) {
  const nowMs = useSyncExternalStore(subscribe, now);
  const leftMs = Date.parse(until) - nowMs;
  if (leftMs <= 0) return <span className={styles.soon}>{text.approvals.expired}</span>;
  const left = leftMs < soonMs ? `${Math.ceil(leftMs / secondMs)} s` : duration(leftMs);
  return (
    <time dateTime={until} className={leftMs < soonMs ? styles.soon : undefined}>
      {left}
    </time>
  );
}

function now(): number {
  return Math.floor(Date.now() / secondMs) * secondMs;
}

function subscribe(onTick: () => void): () => void {
  const timer = setInterval(onTick, secondMs);
  return () => clearInterval(timer);
}
