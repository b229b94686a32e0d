import { useEffect, useRef, useState } from 'react';

const restMs = 250;

/**
 * A text that is typed here and kept elsewhere, such as in the address: it is handed over when the typing rests, since
 * what comes back late would take letters away. A value that changes elsewhere is taken.
 */
export function useTyped(
  value: string,
  write: (value: string) => void,
): readonly [string, (typed: string) => void] {
  const [typed, setTyped] = useState(value);
  const handed = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(write);
  latest.current = write;
  useEffect(() => {
    if (timer.current !== undefined || value === handed.current) return;
    handed.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [
    typed,
    (next) => {
      setTyped(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        timer.current = undefined;
        handed.current = next;
        latest.current(next);
      }, restMs);
    },
  ];
}
