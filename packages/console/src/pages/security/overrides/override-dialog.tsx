import { type FormEvent, useState } from 'react';
import type { NewOverride } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Field, Select, TextArea, TextInput } from '../../../ui/field.tsx';
import { ErrorPanel } from '../../../ui/states.tsx';
import {
  emptyOverride,
  OverrideConcern,
  type OverrideDraft,
  overrideFaults,
} from '../parts/override-concern.tsx';
import { useMakeOverride } from '../parts/use-overrides.ts';
import { limitNames, OverrideLimits } from './override-limits.tsx';
import styles from './overrides.module.css';

const names = text.security.override;

type Draft = OverrideDraft & {
  readonly ttl: keyof typeof names.ttls;
  readonly seconds: string;
  readonly reason: string;
  readonly limits: Readonly<Record<string, string>>;
};

/** Makes an override. */
export function OverrideDialog(props: {
  readonly onClose: () => void;
  readonly onMade: () => void;
}) {
  const { onClose, onMade } = props;
  const [draft, setDraft] = useState<Draft>({
    ...emptyOverride,
    ttl: '900',
    seconds: '',
    reason: '',
    limits: {},
  });
  const [isTried, setTried] = useState(false);
  const make = useMakeOverride();
  const faults = isTried ? faultsOf(draft) : {};
  const change = (patch: Partial<Draft>) => setDraft({ ...draft, ...patch });
  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faultsOf(draft)).length > 0) return;
    make.mutate(toBody(draft), { onSuccess: onMade });
  }
  return (
    <Dialog open onOpenChange={onClose} title={names.makeTitle} description={names.makeLead}>
      <form className={styles.form} onSubmit={submit} noValidate>
        <OverrideConcern draft={draft} faults={faults} onChange={change} />
        {draft.action === 'raise_limits' && (
          <OverrideLimits limits={draft.limits} onChange={(limits) => change({ limits })} />
        )}
        <Lasts draft={draft} faults={faults} onChange={change} />
        <Field label={names.reason} hint={names.reasonHint} error={faults.reason}>
          {(control) => (
            <TextArea
              {...control}
              value={draft.reason}
              maxLength={500}
              onChange={(event) => change({ reason: event.target.value })}
            />
          )}
        </Field>
        {make.isError && <ErrorPanel error={make.error} title={names.notMade} />}
        <div className={styles.buttons}>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" variant="primary" busy={make.isPending}>
            {make.isPending ? names.making : names.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Lasts(props: {
  readonly draft: Draft;
  readonly faults: Faults;
  readonly onChange: (patch: Partial<Draft>) => void;
}) {
  const { draft, faults, onChange } = props;
  const options = Object.entries(names.ttls).map(([value, label]) => ({
    value: value as Draft['ttl'],
    label,
  }));
  return (
    <div className={styles.pair}>
      <Field label={names.ttl}>
        {(control) => (
          <Select
            {...control}
            value={draft.ttl}
            options={options}
            onChange={(ttl) => onChange({ ttl })}
          />
        )}
      </Field>
      {draft.ttl === 'other' && (
        <Field label={names.seconds} hint={names.secondsHint} error={faults.seconds}>
          {(control) => (
            <TextInput
              {...control}
              inputMode="numeric"
              value={draft.seconds}
              onChange={(event) => onChange({ seconds: event.target.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}

type Faults = Partial<Record<'principal' | 'resource' | 'seconds' | 'reason', string>>;

function faultsOf(draft: Draft): Faults {
  return {
    ...overrideFaults(draft),
    ...(draft.ttl === 'other' && !isSeconds(draft.seconds) ? { seconds: names.needSeconds } : {}),
    ...(draft.reason.trim() === '' ? { reason: names.needReason } : {}),
  };
}

function isSeconds(written: string): boolean {
  const seconds = Number(written);
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400;
}

function toBody(draft: Draft): NewOverride {
  const { principal, action, resource, effect, breakGlass, ttl, seconds, reason, limits } = draft;
  const given = limitNames.flatMap((name) => {
    const written = limits[name]?.trim() ?? '';
    return written === '' ? [] : [[name, Number(written)] as const];
  });
  return {
    principal: principal.trim(),
    action,
    resource: resource.trim(),
    effect,
    ttl_seconds: Number(ttl === 'other' ? seconds : ttl),
    reason: reason.trim(),
    ...(breakGlass && effect === 'allow' ? { break_glass: true } : {}),
    ...(action === 'raise_limits' ? { limits: Object.fromEntries(given) } : {}),
  };
}
