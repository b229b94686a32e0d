import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Run, Step } from '../../../api/runs.ts';
import { isGoingOn } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Card, Facts } from '../../../ui/page.tsx';
import { JsonBlock } from '../../../ui/text/code-block.tsx';
import { ForkDialog } from './fork-dialog.tsx';
import styles from './run.module.css';
import { StepContents } from './step-contents.tsx';
import { stepFacts, stepTitle } from './step-text.ts';

const words = text.runs.details;

/** What the chosen step did. */
export function StepDetails(props: {
  readonly run: Run;
  readonly step: Step | undefined;
  /** Whether contents are to be read. */
  readonly isShown: boolean;
  readonly onShow: () => void;
}) {
  const { run, step, isShown, onShow } = props;
  if (!step) {
    return (
      <Card title={words.facts}>
        <p className={styles.soft}>{words.pick}</p>
      </Card>
    );
  }
  return (
    <section className={styles.details} aria-label={fill(words.title, { step: step.step })}>
      <Card
        title={`${step.step} · ${stepTitle(step)}`}
        actions={isGoingOn(run) ? null : <Fork key={step.step} run={run} step={step} />}
      >
        <StepError step={step} />
        <Facts facts={stepFacts(step)} />
        {step.kind === 'approval' && (
          <p>
            <Link to="/approvals" search={{ id: step.approval_id }}>
              {text.runs.detail.toApprovals}
            </Link>
          </p>
        )}
        <details key={step.step} className={styles.json}>
          <summary>{words.json}</summary>
          <JsonBlock value={step} label={words.json} />
        </details>
      </Card>
      <StepContents key={step.step} run={run} step={step.step} {...{ isShown, onShow }} />
    </section>
  );
}

function StepError({ step }: { readonly step: Step }) {
  const error = 'error' in step ? step.error : null;
  return error === null ? null : <pre className={styles.error}>{error}</pre>;
}

function Fork({ run, step }: { readonly run: Run; readonly step: Step }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button size="small" icon="fork" onClick={() => setOpen(true)}>
        {text.runs.fork.action}
      </Button>
      {isOpen && <ForkDialog run={run} step={step} onClose={() => setOpen(false)} />}
    </>
  );
}
