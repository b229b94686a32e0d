import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { type Run, runTestQuery } from '../../../api/runs.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Field, TextInput } from '../../../ui/field.tsx';
import { QueryView } from '../../../ui/states.tsx';
import { CodeBlock } from '../../../ui/text/code-block.tsx';
import { CopyButton } from '../../../ui/text/copy-button.tsx';
import styles from './run.module.css';

const words = text.runs.test;

/** As the command takes them. */
const names = /^[\w-][\w.-]{0,99}$/;

/** Shows a run as a case to run its agent by, and where to put it. */
export function TestDialog({ run, onClose }: { readonly run: Run; readonly onClose: () => void }) {
  const query = useQuery(runTestQuery(useApi(), run.id));
  const [name, setName] = useState(run.id);
  const isGood = names.test(name);
  const folder = run.module_path.slice(0, run.module_path.lastIndexOf('/'));
  const path = `${folder}/tests/${name}.json`;
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={words.title}
      description={words.description}
    >
      <div className={styles.form}>
        <Field label={words.name} error={isGood ? undefined : words.nameError}>
          {(control) => (
            <TextInput
              {...control}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {isGood && (
          <>
            <Line label={words.put} value={path} />
            <Line label={words.or} value={`npx dropgate runs to-test ${run.id} --name ${name}`} />
          </>
        )}
        <p className={styles.care}>{words.care}</p>
        <QueryView query={query}>
          {(test) => {
            const code = `${JSON.stringify(test, null, 2)}\n`;
            return (
              <>
                <div className={styles.buttons}>
                  <Button
                    variant="primary"
                    disabled={!isGood}
                    onClick={() => download(`${name}.json`, code)}
                  >
                    {words.download}
                  </Button>
                </div>
                <CodeBlock code={code} language="json" label={words.file} />
              </>
            );
          }}
        </QueryView>
      </div>
    </Dialog>
  );
}

function Line({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <div>
      <p>{label}</p>
      <p className={styles.withCopy}>
        <code>{value}</code>
        <CopyButton value={value} />
      </p>
    </div>
  );
}

function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
