import { useEffect, useLayoutEffect, useRef, useState } from 'react';

/** Nearer to the end than this is at the end, in pixels. */
const nearPx = 80;

/** Keeps a place that scrolls at its end while it grows, until somebody scrolls away. `count`: of what is in it; more goes to the end. */
export function useNewest(count: number) {
  const place = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const [isAway, setAway] = useState(false);

  function toNewest(): void {
    follows.current = true;
    setAway(false);
    place.current?.scrollTo({ top: place.current.scrollHeight });
  }

  function onScroll(): void {
    if (!place.current) return;
    const { scrollHeight, scrollTop, clientHeight } = place.current;
    follows.current = scrollHeight - scrollTop - clientHeight < nearPx;
    setAway(!follows.current);
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is new is gone to
  useLayoutEffect(toNewest, [count]);
  useEffect(() => {
    const { current: grows } = content;
    if (!grows) return;
    const observer = new ResizeObserver(() => {
      if (follows.current) place.current?.scrollTo({ top: place.current.scrollHeight });
    });
    observer.observe(grows);
    return () => observer.disconnect();
  }, []);
  return { place, content, isAway, onScroll, toNewest };
}
