import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react';
import type { Step } from '../../../api/runs.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { showing, type TimeWindow, zoomed } from './time-window.ts';
import styles from './waterfall.module.css';
import { WaterfallRow } from './waterfall-row.tsx';
import { WaterfallScale } from './waterfall-scale.tsx';

const words = text.runs.waterfall;
const rowHeight = 36;
const narrowRowHeight = 52;
const overscan = 8;

type WaterfallProps = {
  readonly steps: readonly Step[];
  /** How long the whole took. */
  readonly totalMs: number;
  readonly selected: number | undefined;
  readonly onSelect: (step: number) => void;
  /** Called when the last steps come into sight. */
  readonly onEnd: () => void;
};

/** Steps of a run over time, of which those that are seen are in the page. */
export function Waterfall(props: WaterfallProps) {
  const { steps, totalMs, selected } = props;
  const zoom = useZoom(props);
  const list = useRef<HTMLDivElement>(null);
  const virtual = useSteps(props, list);
  const window = zoom.window ?? { fromMs: 0, toMs: totalMs };
  // Keys come faster than the address of the page changes.
  const chosen = useRef(selected);
  useEffect(() => {
    chosen.current = selected;
  }, [selected]);
  const hear = (event: KeyboardEvent) => {
    const to = stepBy(event.key, steps, chosen.current);
    const isZoom = zoom.hear(event.key);
    if (to === null && !isZoom) return;
    event.preventDefault();
    const step = to === null ? undefined : steps[to];
    if (to === null || !step) return;
    chosen.current = step.step;
    virtual.scrollToIndex(to);
    props.onSelect(step.step);
  };
  return (
    <div className={styles.waterfall}>
      <ZoomBar zoom={zoom} />
      <WaterfallScale window={window} totalMs={totalMs} onZoom={zoom.set} />
      <div
        ref={list}
        role="listbox"
        aria-label={words.list}
        aria-activedescendant={selected === undefined ? undefined : `step-${selected}`}
        tabIndex={0}
        className={styles.list}
        onKeyDown={hear}
      >
        <div className={styles.body} role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const step = steps[index];
            if (!step) return null;
            const isSelected = step.step === selected;
            const place = { index, count: steps.length, start };
            return (
              <WaterfallRow
                key={step.step}
                {...{ step, isSelected, onSelect: props.onSelect, ...window, ...place }}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function useSteps(
  { steps, selected, onEnd }: WaterfallProps,
  list: RefObject<HTMLDivElement | null>,
) {
  const isNarrow = matchMedia('(max-width: 720px)').matches;
  const virtual = useVirtualizer({
    count: steps.length,
    getScrollElement: () => list.current,
    estimateSize: () => (isNarrow ? narrowRowHeight : rowHeight),
    overscan,
    onChange: (instance) => {
      const last = instance.getVirtualItems().at(-1);
      if (last && last.index >= steps.length - 1) onEnd();
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the step of the address is shown once it is there
  useEffect(() => {
    const index = steps.findIndex(({ step }) => step === selected);
    if (index > 0) virtual.scrollToIndex(index);
  }, [selected, steps.length > 0]);
  return virtual;
}

const page = 10;

/** Where a key leads to; null of any other key. */
function stepBy(key: string, steps: readonly Step[], selected: number | undefined): number | null {
  const at = steps.findIndex(({ step }) => step === selected);
  const last = steps.length - 1;
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: last,
  };
  const wanted = moves[key];
  return wanted === undefined ? null : Math.min(Math.max(wanted, 0), last);
}

type Zoom = {
  /** Null: all of it. */
  readonly window: TimeWindow | null;
  readonly set: (window: TimeWindow | null) => void;
  readonly by: (factor: number) => void;
  /** Returns whether the key is one of zooming. */
  readonly hear: (key: string) => boolean;
};

function useZoom({ steps, selected, totalMs }: WaterfallProps): Zoom {
  const [window, set] = useState<TimeWindow | null>(null);
  const step = steps.find((each) => each.step === selected);
  const middleMs = step && step.at_ms + (step.duration_ms ?? 0) / 2;
  useEffect(() => {
    if (middleMs !== undefined) set((now) => now && showing(now, middleMs, totalMs));
  }, [middleMs, totalMs]);
  const by = (factor: number) => {
    const now = window ?? { fromMs: 0, toMs: totalMs };
    const aroundMs = middleMs ?? (now.fromMs + now.toMs) / 2;
    const next = zoomed(now, { factor, aroundMs, totalMs });
    set(next.toMs - next.fromMs >= totalMs ? null : next);
  };
  return {
    window,
    set,
    by,
    hear(key) {
      if (key === '+' || key === '=') by(1 / 2);
      else if (key === '-') by(2);
      else if (key === '0') set(null);
      else return false;
      return true;
    },
  };
}

function ZoomBar({ zoom }: { readonly zoom: Zoom }) {
  return (
    <div className={styles.zoom}>
      <p>{words.hint}</p>
      <Button
        size="small"
        icon="minus"
        aria-label={words.zoomOut}
        title={words.zoomOut}
        disabled={zoom.window === null}
        onClick={() => zoom.by(2)}
      />
      <Button
        size="small"
        icon="plus"
        aria-label={words.zoomIn}
        title={words.zoomIn}
        onClick={() => zoom.by(1 / 2)}
      />
      <Button size="small" disabled={zoom.window === null} onClick={() => zoom.set(null)}>
        {words.zoomAll}
      </Button>
    </div>
  );
}
