import { type PointerEvent, useRef, useState } from 'react';
import { duration } from '../../../ui/data/time.tsx';
import { between, type TimeWindow, ticksOf } from './time-window.ts';
import styles from './waterfall.module.css';

const wantedTicks = 4;
/** A shorter way of the pointer is a click. */
const leastShare = 0.01;
/** From there on the word of a mark has no room behind it. */
const lateShare = 0.75;

/** The scale of time above the steps. A part of it that the pointer is drawn over is zoomed to. */
export function WaterfallScale(props: {
  readonly window: TimeWindow;
  readonly totalMs: number;
  readonly onZoom: (window: TimeWindow) => void;
}) {
  const { window, totalMs, onZoom } = props;
  const { fromMs, toMs } = window;
  const track = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  const shareAt = ({ clientX }: PointerEvent) => {
    const { left = 0, width = 1 } = track.current?.getBoundingClientRect() ?? {};
    return Math.min(Math.max((clientX - left) / width, 0), 1);
  };
  const msAt = (share: number) => fromMs + share * (toMs - fromMs);
  const end = () => {
    if (drag && Math.abs(drag[1] - drag[0]) > leastShare) {
      onZoom(between(msAt(drag[0]), msAt(drag[1]), totalMs));
    }
    setDrag(null);
  };
  return (
    <div className={styles.scale} aria-hidden="true">
      <div
        ref={track}
        className={styles.ticks}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([shareAt(event), shareAt(event)]);
        }}
        onPointerMove={(event) => drag && setDrag([drag[0], shareAt(event)])}
        onPointerUp={end}
        onPointerCancel={() => setDrag(null)}
      >
        {ticksOf(window, wantedTicks).map((tick) => {
          const share = (tick - fromMs) / (toMs - fromMs);
          const className = share > lateShare ? styles.last : undefined;
          return (
            <span key={tick} className={className} style={{ left: `${share * 100}%` }}>
              {duration(tick)}
            </span>
          );
        })}
        {drag && (
          <i
            style={{
              left: `${Math.min(...drag) * 100}%`,
              width: `${Math.abs(drag[1] - drag[0]) * 100}%`,
            }}
          />
        )}
      </div>
    </div>
  );
}
