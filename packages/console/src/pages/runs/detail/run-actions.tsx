import { useState } from 'react';
import { isGoingOn, type ReplayReport, type Run } from '../../../api/runs.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { ReplayDialog } from './replay-dialog.tsx';
import { TestDialog } from './test-dialog.tsx';

/** What can be done with a run that has ended. */
export function RunActions(props: {
  readonly run: Run;
  readonly onReplayed: (report: ReplayReport) => void;
}) {
  const { run, onReplayed } = props;
  const [open, setOpen] = useState<'replay' | 'test' | null>(null);
  const close = () => setOpen(null);
  const replayed = (report: ReplayReport) => {
    close();
    onReplayed(report);
  };
  if (isGoingOn(run)) return null;
  return (
    <>
      <Button variant="primary" icon="play" onClick={() => setOpen('replay')}>
        {text.runs.replay.action}
      </Button>
      <Button icon="check" onClick={() => setOpen('test')}>
        {text.runs.test.action}
      </Button>
      {open === 'replay' && <ReplayDialog run={run} onReplayed={replayed} onClose={close} />}
      {open === 'test' && <TestDialog run={run} onClose={close} />}
    </>
  );
}
