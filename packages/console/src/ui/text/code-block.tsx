import { lazy, Suspense } from 'react';
import styles from './code-block.module.css';
import { CopyButton } from './copy-button.tsx';

const CodeView = lazy(() => import('./code-view.tsx'));

/** Longer texts are cut in the view; the copy is whole. */
const maxShownChars = 500_000;

export type CodeLanguage = 'json' | 'typescript' | 'python' | 'text';

/** Code or JSON to read, with lines numbered from `firstLine` and one of them marked. The editor comes when it is needed. */
export function CodeBlock(props: {
  readonly code: string;
  readonly language: CodeLanguage;
  readonly label: string;
  readonly firstLine?: number;
  readonly markedLine?: number | undefined;
  /** In the marked line, from 1. */
  readonly markedColumn?: number | undefined;
}) {
  const { code, language, label, firstLine = 1, markedLine, markedColumn } = props;
  const shown = code.length > maxShownChars ? `${code.slice(0, maxShownChars)}\n…` : code;
  return (
    <div className={styles.block}>
      <div className={styles.copy}>
        <CopyButton value={code} />
      </div>
      <Suspense fallback={<pre className={styles.waiting}>{shown.slice(0, 2000)}</pre>}>
        <CodeView
          code={shown}
          language={language}
          label={label}
          firstLine={firstLine}
          markedLine={markedLine}
          markedColumn={markedColumn}
        />
      </Suspense>
    </div>
  );
}

/** Any value as JSON to read. */
export function JsonBlock({ value, label }: { readonly value: unknown; readonly label: string }) {
  return <CodeBlock code={JSON.stringify(value, null, 2) ?? ''} language="json" label={label} />;
}
