import { fill, text } from '../../strings/text.ts';
import { CodeBlock, type CodeLanguage } from '../text/code-block.tsx';
import styles from './code-frame.module.css';
import { plainText } from './plain-text.ts';
import { readFrame } from './read-frame.ts';

/** Where something was found; a diagnostic has it, and a finding. */
type Found = {
  readonly frame?: string | null;
  readonly file?: string | null;
  readonly line?: number | null;
  readonly column?: number | null;
};

/** The code at which something was found, with its line and column marked; nothing where none is known. */
export function CodeFrame({ found }: { readonly found: Found }) {
  const { frame, file, line, column } = found;
  if (!frame) return null;
  const read = readFrame(frame);
  if (!read) return <pre className={styles.stack}>{plainText(frame)}</pre>;
  return (
    <CodeBlock
      code={read.code}
      language={languageOf(file ?? '')}
      label={fill(text.errors.detail.frame, { line: line ?? read.firstLine })}
      firstLine={read.firstLine}
      markedLine={line ?? undefined}
      markedColumn={column ?? undefined}
    />
  );
}

function languageOf(file: string): CodeLanguage {
  if (/\.[cm]?[jt]sx?$/.test(file)) return 'typescript';
  if (file.endsWith('.py')) return 'python';
  return file.endsWith('.json') ? 'json' : 'text';
}
