import { memo, useState } from 'react';
import { fill, text } from '../../../strings/text.ts';
import { Badge } from '../../../ui/badge.tsx';
import { duration } from '../../../ui/data/time.tsx';
import { Icon } from '../../../ui/icon.tsx';
import type { Answer, ApprovalStep, Step, ToolStep } from '../chat/chat-types.ts';
import styles from './timeline.module.css';
import { ToolContents } from './tool-contents.tsx';

const words = text.playground.steps;

/** What an agent did beside what it said. Where there is little room it folds into one line. */
export const Timeline = memo(function Timeline(props: {
  readonly steps: Answer['steps'];
  readonly runIds: readonly string[];
  /** Whether the record of the run may be read. */
  readonly isAdmin: boolean;
}) {
  const { steps, runIds, isAdmin } = props;
  const [isOpen, setOpen] = useState(false);
  if (steps.length === 0) return null;
  const named = steps.length === 1 ? words.one : fill(words.count, { count: steps.length });
  return (
    <section className={`${styles.timeline} ${isOpen ? styles.open : ''}`} aria-label={words.title}>
      <h3 className={styles.title}>{words.title}</h3>
      <button
        type="button"
        className={styles.fold}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="chevron" size={14} />
        {named}
        <span className={styles.last}>{nameOf(steps.at(-1))}</span>
      </button>
      <ol className={styles.steps}>
        {steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps are only ever added
          <li key={index}>
            <StepView step={step} runIds={runIds} isAdmin={isAdmin} />
          </li>
        ))}
      </ol>
    </section>
  );
});

function StepView(props: {
  readonly step: Step;
  readonly runIds: readonly string[];
  readonly isAdmin: boolean;
}) {
  const { step } = props;
  switch (step.type) {
    case 'tool':
      return <ToolView {...props} step={step} />;
    case 'handoff':
      return (
        <p className={styles.row}>
          <Icon name="branch" size={14} />
          <span className={styles.name}>{fill(words.handoff, { agent: step.to })}</span>
        </p>
      );
    case 'approval':
      return <ApprovalRow step={step} />;
    default:
      return step satisfies never;
  }
}

function ApprovalRow({ step }: { readonly step: ApprovalStep }) {
  const tone = { approved: 'good', always: 'good', denied: 'bad', expired: 'warn' } as const;
  const isOpen = step.state === 'waiting' || step.state === 'sending';
  return (
    <p className={styles.row}>
      <Icon name="approvals" size={14} />
      <span className={styles.name} title={step.approval.tool}>
        {step.approval.tool}
      </span>
      <Badge tone={isOpen ? 'info' : tone[step.state as keyof typeof tone]}>
        {isOpen ? words.outcomes.asks : text.playground.approval.states[step.state]}
      </Badge>
    </p>
  );
}

function ToolView(props: {
  readonly step: ToolStep;
  readonly runIds: readonly string[];
  readonly isAdmin: boolean;
}) {
  const { step, runIds, isAdmin } = props;
  const [isOpen, setOpen] = useState(false);
  const isRunning = step.outcome === null;
  const outcome = words.outcomes[step.outcome as keyof typeof words.outcomes] ?? step.outcome;
  return (
    <>
      <button
        type="button"
        className={styles.row}
        aria-expanded={isOpen}
        title={fill(words.show, { tool: step.name })}
        onClick={() => setOpen(!isOpen)}
      >
        {isRunning ? <span className={styles.spinner} /> : <OutcomeIcon outcome={step.outcome} />}
        <span className={styles.name}>{step.name}</span>
        {step.outcome !== 'ok' && !isRunning && <Badge tone="bad">{outcome}</Badge>}
        <span className={styles.time}>
          {isRunning ? words.running : step.durationMs === null ? '' : duration(step.durationMs)}
        </span>
        <span className="visually-hidden">{step.outcome === 'ok' ? outcome : ''}</span>
      </button>
      <p className={styles.about}>
        {step.provenance && <span>{step.provenance}</span>}
        <span>{step.agent}</span>
      </p>
      {isOpen && <ToolContents step={step} runIds={runIds} isAdmin={isAdmin} />}
    </>
  );
}

function OutcomeIcon({ outcome }: { readonly outcome: string | null }) {
  return (
    <span className={outcome === 'ok' ? styles.good : styles.bad}>
      <Icon name={outcome === 'ok' ? 'check' : 'close'} size={14} />
    </span>
  );
}

function nameOf(step: Step | undefined): string {
  if (step?.type === 'tool') return step.name;
  if (step?.type === 'handoff') return step.to;
  return step?.approval.tool ?? '';
}
