import { useState } from 'react';
import type { Model } from '../../../api/agents.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Field, Select, TextArea, TextInput } from '../../../ui/field.tsx';
import { noSettings, sentAs } from '../chat/chat-body.ts';
import type { Settings } from '../chat/chat-types.ts';
import styles from './head.module.css';
import { faultsOf } from './setting-faults.ts';

const words = text.playground.form;

/** Sets what goes along with the next questions. What is wrong is told, and not kept. */
export function SettingsDialog(props: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly settings: Settings;
  /** The agents that are asked. */
  readonly models: readonly Model[];
  readonly onChange: (settings: Settings) => void;
}) {
  const { open, onOpenChange, settings, models, onChange } = props;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={words.title} description={words.lead}>
      <Form
        first={settings}
        models={models}
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
  models,
  onDone,
}: {
  readonly first: Settings;
  readonly models: readonly Model[];
  readonly onDone: (settings: Settings) => void;
}) {
  const [settings, setSettings] = useState(first);
  const [isTried, setTried] = useState(false);
  const faults = isTried ? faultsOf(settings) : {};
  const set = (name: keyof Settings) => (value: string) =>
    setSettings((now) => ({ ...now, [name]: value }));
  const line = (name: Written) => (
    <Line
      key={name}
      hint={hintOf(name, models)}
      name={name}
      value={settings[name]}
      fault={faults[name]}
      onChange={set(name)}
    />
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
      <SystemText value={settings.system} onChange={set('system')} />
      <div className={styles.fields}>
        {(['temperature', 'topP', 'maxTokens', 'seed'] as const).map(line)}
        <Choice
          name="reasoningEffort"
          settings={settings}
          models={models}
          onChange={set('reasoningEffort')}
        />
        <Choice name="verbosity" settings={settings} models={models} onChange={set('verbosity')} />
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

function SystemText(props: { readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <Field label={words.system} hint={words.systemHint}>
      {(control) => (
        <TextArea
          {...control}
          dir="auto"
          value={props.value}
          onChange={(event) => props.onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

type Written = 'temperature' | 'topP' | 'maxTokens' | 'seed' | 'stop';

function Line(props: {
  readonly name: Written;
  readonly value: string;
  readonly hint: string | undefined;
  readonly fault: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  const { name, value, hint, fault, onChange } = props;
  return (
    <Field label={words[name]} hint={hint} error={fault}>
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
  readonly models: readonly Model[];
  readonly onChange: (value: string) => void;
}) {
  const { name, settings, models, onChange } = props;
  const options = [
    { value: '', label: words.unset },
    ...choices[name].map((value) => ({ value, label: value })),
  ];
  return (
    <Field label={words[name]} hint={hintOf(name, models)}>
      {(control) => (
        <Select {...control} value={settings[name]} options={options} onChange={onChange} />
      )}
    </Field>
  );
}

/** Says which agent a setting has no effect on. */
function hintOf(name: keyof typeof sentAs, models: readonly Model[]): string | undefined {
  const deaf = models.find(({ x_agent: { settings } }) => !settings.includes(sentAs[name]));
  return deaf && fill(words.notTaken, { agent: deaf.name });
}
