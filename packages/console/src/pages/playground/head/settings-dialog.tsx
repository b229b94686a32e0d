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
  const line = (name: Written) => (
    <Line key={name} name={name} value={settings[name]} fault={faults[name]} onChange={set(name)} />
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
        {(['temperature', 'topP', 'maxTokens', 'seed'] as const).map(line)}
        <Choice name="reasoningEffort" settings={settings} onChange={set('reasoningEffort')} />
        <Choice name="verbosity" settings={settings} onChange={set('verbosity')} />
        {line('stop')}
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

type Written = 'temperature' | 'topP' | 'maxTokens' | 'seed' | 'stop';

function Line(props: {
  readonly name: Written;
  readonly value: string;
  readonly fault: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  const { name, value, fault, onChange } = props;
  return (
    <Field label={words[name]} error={fault}>
      {(control) => (
        <TextInput
          {...control}
          inputMode={name === 'stop' ? 'text' : 'decimal'}
          placeholder={words.unset}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
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
