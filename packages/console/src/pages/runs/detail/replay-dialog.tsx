import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import type { ReplayReport, Run } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Field, Select } from '../../../ui/field.tsx';
import { ErrorPanel } from '../../../ui/states.tsx';
import styles from './run.module.css';

const words = text.runs.replay;

/** Asks with which files a run is to be run again, and does so. */
export function ReplayDialog(props: {
  readonly run: Run;
  readonly onReplayed: (report: ReplayReport) => void;
  readonly onClose: () => void;
}) {
  const { run, onReplayed, onClose } = props;
  const api = useApi();
  const queries = useQueryClient();
  const [generation, setGeneration] = useState<'recorded' | 'current'>('recorded');
  const replay = useMutation({
    mutationFn: () =>
      api.call('POST /admin/runs/{id}/replay', { params: { id: run.id }, body: { generation } }),
    onSuccess: onReplayed,
    onSettled: () => queries.invalidateQueries({ queryKey: ['replays'] }),
  });
  const recorded = fill(words.recorded, { generation: run.generation });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={words.title}
      description={words.description}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!replay.isPending) replay.mutate();
        }}
      >
        <Field label={words.generation}>
          {(control) => (
            <Select
              {...control}
              value={generation}
              onChange={setGeneration}
              options={[
                { value: 'recorded', label: recorded },
                { value: 'current', label: words.current },
              ]}
            />
          )}
        </Field>
        {replay.isError && <ErrorPanel title={words.failed} error={replay.error} />}
        <div className={styles.buttons}>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" variant="primary" icon="play" busy={replay.isPending}>
            {replay.isPending ? words.running : words.start}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
