import { useSyncExternalStore } from 'react';
import { text } from '../../strings/text.ts';

const tickMs = 10_000;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'narrow' });
const absolute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** A time as people say it, with the exact one when it is pointed at. `at` is ISO 8601; null is never. */
export function Time({ at }: { readonly at: string | null | undefined }) {
  const nowMs = useNow();
  if (!at) return <span>{text.common.never}</span>;
  const exact = absolute.format(new Date(at));
  return (
    <time dateTime={at} title={exact}>
      {ago(Date.parse(at), nowMs)}
    </time>
  );
}

/** A time in full, such as `28 Nov 2026, 15:31:10`. */
export function ExactTime({ at }: { readonly at: string }) {
  return <time dateTime={at}>{absolute.format(new Date(at))}</time>;
}

/** Milliseconds as people write them: `850 ms`, `1.2 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.round((ms % 60_000) / 1000);
  return minutes < 60
    ? `${minutes} min ${seconds} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function ago(thenMs: number, nowMs: number): string {
  const seconds = Math.round((thenMs - nowMs) / 1000);
  if (Math.abs(seconds) < 5) return text.common.now;
  const [unit, size] = steps.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** Now, in Unix milliseconds, to ten seconds. Tables show few rows at a time, so there are few timers. */
function useNow(): number {
  return useSyncExternalStore(
    subscribeToTicks,
    () => Math.floor(Date.now() / tickMs) * tickMs + tickMs / 2,
  );
}

function subscribeToTicks(onTick: () => void): () => void {
  const timer = setInterval(onTick, tickMs);
  return () => clearInterval(timer);
}
