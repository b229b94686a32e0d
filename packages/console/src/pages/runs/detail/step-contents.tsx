import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { contentsQuery, type Run } from '../../../api/runs.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Card } from '../../../ui/page.tsx';
import { QueryView } from '../../../ui/states.tsx';
import { Tabs } from '../../../ui/tabs.tsx';
import { CodeBlock } from '../../../ui/text/code-block.tsx';
import { Markdown } from '../../../ui/text/markdown.tsx';
import styles from './run.module.css';

const words = text.runs.contents;
const setting = 'runs: { record: contents }';

type Part = keyof typeof words.parts;

/** What a step held. It is read once somebody asks for it, since each reading is recorded. */
export function StepContents(props: {
  readonly run: Run;
  readonly step: number;
  readonly isShown: boolean;
  readonly onShow: () => void;
}) {
  const { run, step, isShown, onShow } = props;
  const query = useQuery({
    ...contentsQuery(useApi(), run.id, step),
    enabled: isShown && run.recorded === 'contents',
  });
  return (
    <Card title={words.title}>
      {run.recorded === 'steps' && (
        <>
          <p>{words.off}</p>
          <CodeBlock code={setting} language="text" label={words.title} />
        </>
      )}
      {run.recorded === 'contents' && !isShown && (
        <div className={styles.ask}>
          <Button onClick={onShow}>{words.show}</Button>
          <p className={styles.soft}>{words.note}</p>
        </div>
      )}
      {run.recorded === 'contents' && isShown && (
        <QueryView query={query}>{(contents) => <Parts contents={contents} />}</QueryView>
      )}
    </Card>
  );
}

const order = Object.keys(words.parts) as Part[];

function Parts({ contents }: { readonly contents: Readonly<Record<string, string>> }) {
  const parts = order.filter((part) => contents[part] !== undefined);
  const [chosen, setChosen] = useState<Part>();
  const part = parts.find((each) => each === chosen) ?? parts[0];
  if (!part) return <p className={styles.soft}>{words.none}</p>;
  const tabs = parts.map((value) => ({ value, label: words.parts[value] }));
  return (
    <Tabs label={words.title} value={part} onChange={setChosen} tabs={tabs}>
      <PartView part={part} held={contents[part] ?? ''} />
    </Tabs>
  );
}

function PartView({ part, held }: { readonly part: Part; readonly held: string }) {
  if (part === 'text') return <Markdown source={held} />;
  const json = asJson(held);
  return (
    <CodeBlock
      code={json ?? held}
      language={json === null ? 'text' : 'json'}
      label={words.parts[part]}
    />
  );
}

/** Longer JSON is shown as it is: nobody reads it line by line. */
const maxLaidOut = 1_000_000;

function asJson(held: string): string | null {
  if (held.length > maxLaidOut) return null;
  try {
    const value: unknown = JSON.parse(held);
    return typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : null;
  } catch {
    return null;
  }
}
