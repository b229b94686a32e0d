import { useState } from 'react';
import type { NewOverride } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Field, TextInput } from '../../../ui/field.tsx';
import { ErrorPanel } from '../../../ui/states.tsx';
import { useMakeOverride } from '../parts/use-overrides.ts';
import styles from './permit.module.css';

const names = text.security.permit;

/** What an override says, without how long and why. */
export type Concern = Omit<NewOverride, 'ttl_seconds' | 'reason' | 'limits'>;

const times = Object.entries(names.times)
  .map(([seconds, label]) => ({ seconds: Number(seconds), label }))
  .toSorted((a, b) => a.seconds - b.seconds);

/** How long and why, and buttons that make exactly the override that is given. */
export function PermitForm({
  concern,
  onMade,
}: {
  readonly concern: Concern;
  readonly onMade: (() => void) | undefined;
}) {
  const make = useMakeOverride();
  const [reason, setReason] = useState('');
  const [other, setOther] = useState('');
  const [isTried, setTried] = useState(false);
  const fault = isTried && reason.trim() === '' ? names.needReason : undefined;
  const otherSeconds = /^\d{1,5}$/.test(other.trim()) ? Number(other) : 0;
  function permit(seconds: number): void {
    setTried(true);
    if (reason.trim() === '') return;
    make.mutate({ ...concern, ttl_seconds: seconds, reason: reason.trim() }, { onSuccess: onMade });
  }
  return (
    <>
      <Field label={names.reason} hint={names.reasonHint} error={fault}>
        {(control) => (
          <TextInput
            {...control}
            value={reason}
            maxLength={500}
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      </Field>
      <div className={styles.buttons}>
        {times.map(({ seconds, label }) => (
          <Button key={seconds} busy={make.isPending} onClick={() => permit(seconds)}>
            {fill(names.for, { time: label })}
          </Button>
        ))}
        <span className={styles.other}>
          <TextInput
            aria-label={names.other}
            placeholder={names.otherShort}
            inputMode="numeric"
            value={other}
            onChange={(event) => setOther(event.target.value)}
          />
          {otherSeconds > 0 && (
            <Button busy={make.isPending} onClick={() => permit(otherSeconds)}>
              {fill(names.forOther, { seconds: otherSeconds })}
            </Button>
          )}
        </span>
      </div>
      {make.isError && <ErrorPanel error={make.error} title={names.failed} />}
    </>
  );
}
