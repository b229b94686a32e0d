import { useEffect, useRef, useState } from 'react';

const shownMs = 1800;

type Fresh<Row> = {
  readonly rows: readonly Row[] | undefined;
  readonly keyOf: (row: Row) => string;
  /** Another one is a change. */
  readonly versionOf: (row: Row) => string;
};

/** Keys of the rows that are new or others since they were read before, for a moment. Both functions stay the same. */
export function useFresh<Row>({ rows, keyOf, versionOf }: Fresh<Row>): ReadonlySet<string> {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const known = useRef<ReadonlyMap<string, string> | null>(null);
  useEffect(() => {
    if (!rows) return;
    const before = known.current;
    const now = new Map(rows.map((row) => [keyOf(row), versionOf(row)]));
    known.current = now;
    if (!before) return;
    const changed = [...now].filter(([key, version]) => before.get(key) !== version);
    if (changed.length > 0) setFresh(new Set(changed.map(([key]) => key)));
  }, [rows, keyOf, versionOf]);
  useEffect(() => {
    if (fresh.size === 0) return;
    const timer = setTimeout(() => setFresh(new Set()), shownMs);
    return () => clearTimeout(timer);
  }, [fresh]);
  return fresh;
}
