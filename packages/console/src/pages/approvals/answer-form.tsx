import { useState } from 'react';
import type { Approval } from '../../api/approvals.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { Checkbox, Field, TextInput } from '../../ui/field.tsx';
import styles from './approvals.module.css';
import type { Answers } from './use-answers.ts';

const words = text.approvals.answer;
const mostLetters = 2000;

/** Approves or denies calls, which are one or several. */
export function AnswerForm(props: {
  readonly calls: readonly Approval[];
  readonly answers: Answers;
}) {
  const { calls, answers } = props;
  const [isAlways, setAlways] = useState(false);
  const [reason, setReason] = useState('');
  const { progress } = answers;
  const isBusy = progress !== null;
  const approve = () =>
    answers.give(calls, { approve: true, ...(isAlways ? { always: true } : {}) });
  const deny = () => answers.give(calls, { approve: false, ...(reason ? { reason } : {}) });
  return (
    <div className={styles.form}>
      <div className={styles.buttons}>
        <Button variant="primary" icon="check" busy={isBusy} onClick={approve}>
          {words.approve}
        </Button>
        <Checkbox
          label={words.always}
          checked={isAlways}
          onChange={(event) => setAlways(event.target.checked)}
        />
      </div>
      <div className={styles.deny}>
        <Field label={words.reason} hint={words.reasonHint}>
          {(control) => (
            <TextInput
              {...control}
              maxLength={mostLetters}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        <Button variant="danger" icon="close" busy={isBusy} onClick={deny}>
          {words.deny}
        </Button>
      </div>
      <p className={styles.soft} role="status">
        {progress && progress.count > 1
          ? fill(words.answering, { done: progress.done, count: progress.count })
          : ''}
      </p>
    </div>
  );
}
