import { type ChangeEvent, type FormEvent, useState } from 'react';
import type { Action, PreviewQuestion } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Field, TextArea, TextInput } from '../../../ui/field.tsx';
import { ActionField } from '../parts/override-concern.tsx';
import { SuggestedInput } from '../parts/suggested-input.tsx';
import { useSecuritySearch } from '../search.ts';
import { type Draft, DraftFields, emptyDraft, readDraft } from './draft-fields.tsx';
import styles from './preview.module.css';
import { actionOf, questionOf, type WrittenQuestion } from './question.ts';

const names = text.security.preview;

/** The fields of a question and of a draft. The question is in the address, so that it can be sent to somebody. */
export function PreviewForm(props: {
  readonly isBusy: boolean;
  readonly onAsk: (body: PreviewQuestion) => void;
}) {
  const { isBusy, onAsk } = props;
  const { search, change } = useSecuritySearch();
  const [written, setWritten] = useState<WrittenQuestion>(search);
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({});
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const question = questionOf(written);
    const drafted = await readDraft(draft);
    const found = {
      ...(written.who?.trim() ? {} : { who: text.security.override.needWho }),
      ...(written.resource?.trim() ? {} : { resource: text.security.override.needWhat }),
      ...('argsFault' in question ? { args: question.argsFault } : {}),
      ...('faults' in drafted ? drafted.faults : {}),
    };
    setFaults(found);
    if (Object.keys(found).length > 0 || !('body' in question) || !('body' in drafted)) return;
    change(pick(written), { replace: true });
    onAsk({ ...question.body, ...drafted.body });
  }
  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
      <Question
        written={written}
        faults={faults}
        onChange={(patch) => setWritten({ ...written, ...patch })}
      />
      <DraftFields draft={draft} faults={faults} onChange={setDraft} />
      <div className={styles.buttons}>
        <Button type="submit" variant="primary" icon="send" busy={isBusy}>
          {isBusy ? names.asking : names.ask}
        </Button>
      </div>
    </form>
  );
}

/** What of a question goes into the address; nothing else of the address is touched. */
function pick({ who, user, action, resource, agent, args }: WrittenQuestion): WrittenQuestion {
  return {
    who: who ?? '',
    user: user ?? '',
    action: action ?? '',
    resource: resource ?? '',
    agent: agent ?? '',
    args: args ?? '',
  };
}

/** What is offered for a field: names of those who ask, agents, or nothing. */
function offersOf(name: string, action: Action): 'principals' | 'agents' | null {
  if (name === 'who') return 'principals';
  if (name === 'agent') return 'agents';
  return name === 'resource' && (action === 'run_agent' || action === 'list_agents')
    ? 'agents'
    : null;
}

type QuestionProps = {
  readonly written: WrittenQuestion;
  readonly faults: Readonly<Record<string, string>>;
  readonly onChange: (patch: Partial<WrittenQuestion>) => void;
};

function Question({ written, faults, onChange }: QuestionProps) {
  const action = actionOf(written.action);
  const line = (name: 'who' | 'resource' | 'agent' | 'user', hint: string) => (
    <Field label={names[name]} hint={hint} error={faults[name]}>
      {(control) => {
        const field = {
          ...control,
          value: written[name] ?? '',
          onChange: (event: ChangeEvent<HTMLInputElement>) =>
            onChange({ [name]: event.target.value }),
        };
        const offers = offersOf(name, action);
        return offers ? <SuggestedInput of={offers} {...field} /> : <TextInput {...field} />;
      }}
    </Field>
  );
  return (
    <>
      {line('who', names.whoHint)}
      <ActionField
        label={names.action}
        value={action}
        onChange={(next) => onChange({ action: next })}
      />
      {line('resource', names.resourceHints[action])}
      {action === 'call_tool' && (
        <>
          {line('agent', names.agentHint)}
          <Field label={names.args} hint={names.argsHint} error={faults.args}>
            {(control) => (
              <TextArea
                {...control}
                className={styles.code}
                value={written.args ?? ''}
                onChange={(event) => onChange({ args: event.target.value })}
              />
            )}
          </Field>
        </>
      )}
      {line('user', names.userHint)}
    </>
  );
}
