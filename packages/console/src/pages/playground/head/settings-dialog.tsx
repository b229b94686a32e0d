import { useState } from 'react';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Field, Select, TextArea, TextInput } from '../../../ui/field.tsx';
import { noSettings } from '../chat/chat-body.ts';
import type { Settings } from '../chat/chat-types.ts';
import styles from './head.module.css';
import { faultsOf } from './setting-faults.ts';

const words = text.playground.form;

/** Sets what goes along with the next questions. What is wrong is told, and not kept. */
export function SettingsDialog(props: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly settings: Settings;
  readonly onChange: (settings: Settings) => void;
}) {
  const { open, onOpenChange, settings, onChange } = props;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={words.title} description={words.lead}>
      <Form
        first={settings}
        onDone={(next) => {
          onChange(next);
          onOpenChange(false);
        }}
      />
    </Dialog>
  );
}

function Form({
  first,
  onDone,
}: {
  readonly first: Settings;
  readonly onDone: (settings: Settings) => void;
}) {
  const [settings, setSettings] = useState(first);
  const [isTried, setTried] = useState(false);
  const faults = isTried ? faultsOf(settings) : {};
  const set = (name: keyof Settings) => (value: string) =>
    setSettings((now) => ({ ...now, [name]: value }));
  const number = (name: 'temperature' | 'topP' | 'maxTokens' | 'seed' | 'stop') => (
    <Field label={words[name]} error={faults[name]}>
      {(control) => (
        <TextInput
          {...control}
          inputMode={name === 'stop' ? 'text' : 'decimal'}
          placeholder={words.unset}
          value={settings[name]}
          onChange={(event) => set(name)(event.target.value)}
        />
      )}
    </Field>
  );
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (Object.keys(faultsOf(settings)).length === 0) onDone(settings);
      }}
    >
      <Field label={words.system} hint={words.systemHint}>
        {(control) => (
          <TextArea
            {...control}
            dir="auto"
            value={settings.system}
            onChange={(event) => set('system')(event.target.value)}
          />
        )}
      </Field>
      <div className={styles.fields}>
        {number('temperature')}
        {number('topP')}
        {number('maxTokens')}
        {number('seed')}
        <Choice name="reasoningEffort" settings={settings} onChange={set('reasoningEffort')} />
        <Choice name="verbosity" settings={settings} onChange={set('verbosity')} />
        {number('stop')}
      </div>
      <div className={styles.buttons}>
        <Button variant="ghost" onClick={() => setSettings(noSettings)}>
          {words.reset}
        </Button>
        <Button type="submit" variant="primary">
          {words.done}
        </Button>
      </div>
    </form>
  );
}

const choices = {
  reasoningEffort: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'],
  verbosity: ['low', 'medium', 'high'],
} as const;

function Choice(props: {
  readonly name: keyof typeof choices;
  readonly settings: Settings;
  readonly onChange: (value: string) => void;
}) {
  const { name, settings, onChange } = props;
  const options = [
    { value: '', label: words.unset },
    ...choices[name].map((value) => ({ value, label: value })),
  ];
  return (
    <Field label={words[name]}>
      {(control) => (
        <Select {...control} value={settings[name]} options={options} onChange={onChange} />
      )}
    </Field>
  );
}
