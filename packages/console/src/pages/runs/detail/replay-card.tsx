import { Link } from '@tanstack/react-router';
import type { ReplayReport } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { Card } from '../../../ui/page.tsx';
import { DifferenceView } from './difference-view.tsx';
import styles from './run.module.css';

const words = text.runs.replay;

/** What came of running a run again, beside its steps. */
export function ReplayCard(props: { readonly report: ReplayReport; readonly onClose: () => void }) {
  const { report, onClose } = props;
  const { difference } = report;
  const step = difference?.step ?? null;
  return (
    <Card
      title={words.action}
      actions={
        <Button
          variant="ghost"
          size="small"
          icon="close"
          aria-label={text.common.close}
          onClick={onClose}
        />
      }
    >
      <div className={styles.replay}>
        <p role="status">
          <Badge tone={difference ? 'warn' : 'good'}>
            {difference ? differsAt(step) : words.sameWord}
          </Badge>{' '}
          {difference ? difference.message : words.same}
        </p>
        {difference && <DifferenceView changes={difference.changes} />}
        <p className={styles.links}>
          {step !== null && (
            <Link to="/runs/$id" params={{ id: report.replay_of }} search={{ step }} replace>
              {fill(words.toStep, { step })}
            </Link>
          )}
          <Link to="/runs/$id" params={{ id: report.run }}>
            {words.open}
          </Link>
        </p>
      </div>
    </Card>
  );
}

function differsAt(step: number | null): string {
  return step === null ? words.differs : fill(words.differsAt, { step });
}
