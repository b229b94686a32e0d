import { type FormEvent, useState } from 'react';
import type { Tool } from '../../../api/tools.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Field, TextArea } from '../../../ui/field.tsx';
import { Card } from '../../../ui/page.tsx';
import { Tabs } from '../../../ui/tabs.tsx';
import { type ArgumentField, argumentFields } from './argument-fields.ts';
import { ArgumentInput } from './argument-input.tsx';
import { CallResult } from './call-result.tsx';
import { readFields, readWhole, type Written, wholeText } from './read-arguments.ts';

import styles from './try-tool.module.css';
import { useToolCall } from './use-tool-call.ts';

const words = text.tools.try;

/** Calls a tool with arguments that are written into a form, or as JSON. */
export function TryTool({ tool }: { readonly tool: Tool }) {
  const { call, stop } = useToolCall(tool.name);
  const form = useArguments(tool);
  function submit(event: FormEvent): void {
    event.preventDefault();
    const args = form.read();
    if (args && !call.isPending) call.mutate(args);
  }
  return (
    <Card title={words.title}>
      <form className={styles.form} onSubmit={submit} noValidate>
        <p className={styles.soft}>{words.lead}</p>
        <Arguments form={form} />
        <div className={styles.actions}>
          <Button type="submit" variant="primary" icon="play" busy={call.isPending}>
            {call.isPending ? words.calling : words.call}
          </Button>
          {call.isPending && (
            <Button icon="stop" onClick={stop}>
              {words.stop}
            </Button>
          )}
        </div>
      </form>
      <CallResult call={call} />
    </Card>
  );
}

type How = 'form' | 'json';

function useArguments({ parameters }: Tool) {
  const fields = argumentFields(parameters);
  const [how, setHow] = useState<How>('form');
  const [values, setValues] = useState<Written>(() =>
    Object.fromEntries(fields.map(({ name, initial }) => [name, initial])),
  );
  const [whole, setWhole] = useState('{}');
  const [problems, setProblems] = useState<ReadonlyMap<string, string>>(new Map());
  const written = () => (how === 'form' ? readFields(fields, values) : readWhole(whole));
  return {
    fields,
    how,
    values,
    whole,
    problems,
    setWhole,
    setValue: (name: string, value: string) => setValues({ ...values, [name]: value }),
    /** What was written into the form is there as JSON, where it can be read. */
    setHow(next: How) {
      const read = readFields(fields, values);
      if (next === 'json' && 'args' in read) setWhole(JSON.stringify(read.args, null, 2));
      setProblems(new Map());
      setHow(next);
    },
    /** The arguments; null where something is wrong, which is shown. */
    read() {
      const read = written();
      setProblems('problems' in read ? read.problems : new Map());
      return 'args' in read ? read.args : null;
    },
  };
}

function Arguments({ form }: { readonly form: ReturnType<typeof useArguments> }) {
  const { fields, how } = form;
  return (
    <Tabs
      label={words.how}
      value={how}
      onChange={form.setHow}
      tabs={[
        { value: 'form', label: words.form },
        { value: 'json', label: words.json },
      ]}
    >
      {how === 'form' ? (
        <div className={styles.fields}>
          {fields.length === 0 && <p className={styles.soft}>{words.noArguments}</p>}
          {fields.map((field: ArgumentField) => (
            <ArgumentInput
              key={field.name}
              field={field}
              value={form.values[field.name] ?? ''}
              error={form.problems.get(field.name)}
              onChange={(value) => form.setValue(field.name, value)}
            />
          ))}
        </div>
      ) : (
        <Field label={words.arguments} error={form.problems.get(wholeText)}>
          {(control) => (
            <TextArea
              {...control}
              className={styles.code}
              rows={8}
              value={form.whole}
              onChange={(event) => form.setWhole(event.target.value)}
            />
          )}
        </Field>
      )}
    </Tabs>
  );
}
