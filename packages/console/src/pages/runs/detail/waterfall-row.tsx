import { memo } from 'react';
import type { Step } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { duration } from '../../../ui/data/time.tsx';
import { isFailed, stepCost, stepTitle, stepTokens } from './step-text.ts';
import type { TimeWindow } from './time-window.ts';
import styles from './waterfall.module.css';

const words = text.runs.waterfall;

type RowProps = TimeWindow & {
  readonly step: Step;
  readonly index: number;
  /** Steps of the list. */
  readonly count: number;
  /** Pixels from the top. */
  readonly start: number;
  readonly isSelected: boolean;
  readonly onSelect: (step: number) => void;
};

/** A step: what it is, when it was at work, and what it took. The list around it hears the keyboard. */
export const WaterfallRow = memo(function WaterfallRow(props: RowProps) {
  const { step, index, count, start, isSelected, onSelect } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list that it is an option of hears keys
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names the option that is active
    <div
      id={`step-${step.step}`}
      role="option"
      aria-selected={isSelected}
      aria-posinset={index + 1}
      aria-setsize={count}
      data-kind={step.kind}
      data-failed={isFailed(step) || undefined}
      className={styles.row}
      style={{ transform: `translateY(${start}px)` }}
      onClick={() => onSelect(step.step)}
    >
      <span className={styles.number}>{step.step}</span>
      <span className={styles.name} title={stepTitle(step)}>
        <span className={styles.kind}>{text.runs.kinds[step.kind]}</span> {stepTitle(step)}
      </span>
      <span className="visually-hidden">{fill(words.at, { at: duration(step.at_ms) })}</span>
      <Bar {...props} />
      <span className={styles.figure}>
        {step.duration_ms === null ? '' : duration(step.duration_ms)}
      </span>
      <span className={`${styles.figure} ${styles.wideOnly}`}>
        {stepTokens(step)}
        {isPriced(step) && <small>{stepCost(step)}</small>}
      </span>
    </div>
  );
});

/** What costs nothing needs no line. */
function isPriced(step: Step): boolean {
  return step.kind === 'model_call' && (step.cost_usd ?? 0) > 0;
}

function Bar({ step, fromMs, toMs }: RowProps) {
  const span = toMs - fromMs;
  const from = ((step.at_ms - fromMs) / span) * 100;
  const length = ((step.duration_ms ?? 0) / span) * 100;
  const isSeen = from <= 100 && from + length >= 0;
  const left = Math.max(from, 0);
  const right = Math.min(from + length, 100);
  return (
    <span className={styles.track} aria-hidden="true" data-side={from > 100 ? 'after' : undefined}>
      {!isSeen && <span className={styles.beyond}>{from > 100 ? '›' : '‹'}</span>}
      {isSeen && (
        <span
          className={step.duration_ms === null ? styles.dot : styles.bar}
          style={{ left: `${left}%`, width: `${Math.max(right - left, 0)}%` }}
        />
      )}
    </span>
  );
}
