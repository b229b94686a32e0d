import { useEffect, useRef } from 'react';
import 'uplot/dist/uPlot.min.css';
import styles from './chart.module.css';

export type Series = { readonly name: string; readonly values: readonly (number | null)[] };

/** What a chart shows: a value of each series for each time. */
export type ChartData = {
  /** The beginning of UTC days in Unix seconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
};

/**
 * A chart of lines or bars over UTC days. Whoever cannot see it needs the same figures as a table beside it.
 *
 * @param format - How a value is written.
 */
export function Chart(props: {
  readonly label: string;
  readonly data: ChartData;
  readonly format: (value: number) => string;
  readonly height?: number;
  readonly bars?: boolean;
}) {
  const { label, data, format, height = 220, bars = false } = props;
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    let end: (() => void) | null = null;
    let isOver = false;
    void import('./draw-chart.ts').then(({ drawChart }) => {
      if (!isOver) end = drawChart(element, { data, format, height, bars });
    });
    return () => {
      isOver = true;
      end?.();
    };
  }, [data, format, height, bars]);
  return (
    <div
      ref={host}
      className={styles.chart}
      style={{ minHeight: height }}
      role="img"
      aria-label={label}
    />
  );
}
