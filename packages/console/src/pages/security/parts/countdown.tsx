import { useEffect, useState } from 'react';
import { fill, text } from '../../../strings/text.ts';

const tickMs = 250;

/** How long it is until a time, to the second. `at` is ISO 8601; `onOver` is called once, when it has come. */
export function Countdown({ at, onOver }: { readonly at: string; readonly onOver?: () => void }) {
  const [leftMs, setLeftMs] = useState(() => Date.parse(at) - Date.now());
  useEffect(() => {
    const tick = () => setLeftMs(Date.parse(at) - Date.now());
    tick();
    const timer = setInterval(tick, tickMs);
    return () => clearInterval(timer);
  }, [at]);
  const isOver = leftMs <= 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: told once, whatever function is given then
  useEffect(() => {
    if (isOver) onOver?.();
  }, [isOver]);
  return (
    <time dateTime={at} style={{ fontVariantNumeric: 'tabular-nums' }}>
      {left(Math.max(0, Math.ceil(leftMs / 1000)))}
    </time>
  );
}

/** @param total - Whole seconds. */
function left(total: number): string {
  const seconds = total % 60;
  const minutes = Math.floor(total / 60);
  if (total < 60) return fill(text.security.left.seconds, { seconds });
  if (total < 3600) return fill(text.security.left.minutes, { minutes, seconds });
  return fill(text.security.left.hours, { hours: Math.floor(total / 3600), minutes: minutes % 60 });
}
