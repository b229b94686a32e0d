import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { contentsQuery, type Run, type Step } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Checkbox, Field, TextArea } from '../../../ui/field.tsx';
import { ErrorPanel } from '../../../ui/states.tsx';
import { answerText } from './answer-text.ts';
import { DifferenceView } from './difference-view.tsx';
import styles from './run.module.css';

const words = text.runs.fork;

type ForkProps = { readonly run: Run; readonly step: Step; readonly onClose: () => void };

/** Goes on live from a step, which may be given another result; then leads to the new run. */
export function ForkDialog({ run, step, onClose }: ForkProps) {
  const [isEdited, setEdited] = useState(false);
  const [edit, setEdit] = useState('');
  const fork = useFork(run.id, onClose);
  const isCall = step.kind === 'tool_call' || step.kind === 'model_call';
  const difference = fork.data?.difference;
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={fill(words.title, { step: step.step })}
      description={words.description}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          const from = { from_step: step.step };
          if (!fork.isPending) fork.mutate(isEdited ? { ...from, edit } : from);
        }}
      >
        {isCall ? (
          <Checkbox
            label={step.kind === 'tool_call' ? words.editTool : words.editModel}
            checked={isEdited}
            onChange={(event) => setEdited(event.target.checked)}
          />
        ) : (
          <p className={styles.soft}>{words.onlyCalls}</p>
        )}
        {isEdited && <EditField run={run} step={step} value={edit} onChange={setEdit} />}
        {fork.isError && <ErrorPanel title={words.failed} error={fork.error} />}
        {difference && (
          <div role="alert">
            <p>{difference.message}</p>
            <DifferenceView changes={difference.changes} />
          </div>
        )}
        <div className={styles.buttons}>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" variant="primary" icon="fork" busy={fork.isPending}>
            {fork.isPending ? words.running : words.start}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function useFork(id: string, onClose: () => void) {
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (body: { from_step: number; edit?: string }) =>
      api.call('POST /admin/runs/{id}/fork', { params: { id }, body }),
    async onSuccess({ run, difference }) {
      // One that did not come to the step says why, here.
      if (difference) return;
      onClose();
      await navigate({ to: '/runs/$id', params: { id: run } });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['replays'] }),
  });
}

type EditProps = Omit<ForkProps, 'onClose'> & {
  readonly value: string;
  readonly onChange: (value: string) => void;
};

function EditField({ run, step, value, onChange }: EditProps) {
  const api = useApi();
  const queries = useQueryClient();
  const isTool = step.kind === 'tool_call';
  const recorded = useMutation({
    mutationFn: () => queries.fetchQuery(contentsQuery(api, run.id, step.step)),
    onSuccess: ({ result = '', answer = '' }) => onChange(isTool ? result : answerText(answer)),
  });
  return (
    <>
      <Field
        label={isTool ? words.tool : words.model}
        hint={isTool ? words.toolHint : words.modelHint}
      >
        {(control) => (
          <TextArea
            {...control}
            rows={8}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )}
      </Field>
      <div className={styles.ask}>
        <Button size="small" busy={recorded.isPending} onClick={() => recorded.mutate()}>
          {words.useRecorded}
        </Button>
        <p className={styles.soft}>{text.runs.contents.note}</p>
      </div>
      {recorded.isError && <ErrorPanel error={recorded.error} />}
    </>
  );
}
