import type { Diagnostic } from '../../api/errors.ts';
import { fill, text } from '../../strings/text.ts';
import { CodeBlock, type CodeLanguage } from '../text/code-block.tsx';
import { readFrame } from './read-frame.ts';

/** The code at which something was found, with its line marked; nothing where none is known. */
export function CodeFrame({ diagnostic }: { readonly diagnostic: Diagnostic }) {
  const { frame, file, line } = diagnostic;
  if (frame === null) return null;
  const { code, firstLine, markedLine } = readFrame(frame) ?? {
    code: frame,
    firstLine: 1,
    markedLine: undefined,
  };
  return (
    <CodeBlock
      code={code}
      language={languageOf(file ?? '')}
      label={fill(text.errors.detail.frame, { line: line ?? firstLine })}
      firstLine={firstLine}
      markedLine={markedLine}
    />
  );
}

function languageOf(file: string): CodeLanguage {
  if (/\.[cm]?[jt]sx?$/.test(file)) return 'typescript';
  if (file.endsWith('.py')) return 'python';
  return file.endsWith('.json') ? 'json' : 'text';
}
