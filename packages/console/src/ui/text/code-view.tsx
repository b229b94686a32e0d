import { javascript } from '@codemirror/lang-javascript';
import { json } from '@codemirror/lang-json';
import { python } from '@codemirror/lang-python';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorState, type Extension } from '@codemirror/state';
import { Decoration, EditorView, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { styleNonce } from '../../shell/style-nonce.ts';
import type { CodeLanguage } from './code-block.tsx';

const languages: Readonly<Record<CodeLanguage, () => Extension>> = {
  json,
  python,
  typescript: () => javascript({ typescript: true, jsx: true }),
  text: () => [],
};

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.bool, tags.null], color: 'var(--series-2)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--series-1)' },
  { tag: tags.number, color: 'var(--warn)' },
  { tag: [tags.propertyName, tags.definition(tags.variableName)], color: 'var(--series-4)' },
  { tag: tags.comment, color: 'var(--text-soft)', fontStyle: 'italic' },
]);

const look = EditorView.theme({
  '&': { fontSize: 'var(--size-s)', backgroundColor: 'transparent', color: 'var(--text)' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', maxHeight: '60vh' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--text-soft)', border: '0' },
  '.cm-marked': { backgroundColor: 'var(--bad-soft)' },
  '.cm-place': { borderBottom: '2px solid var(--bad)' },
});

/** The editor, to read only. */
export default function CodeView(props: {
  readonly code: string;
  readonly language: CodeLanguage;
  readonly label: string;
  readonly firstLine: number;
  readonly markedLine: number | undefined;
  readonly markedColumn: number | undefined;
}) {
  const { code, language, label, firstLine, markedLine, markedColumn } = props;
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current) return;
    const view = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: code,
        extensions: [
          EditorView.cspNonce.of(styleNonce()),
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          lineNumbers({ formatNumber: (line) => `${line + firstLine - 1}` }),
          languages[language](),
          syntaxHighlighting(colours),
          look,
          marked(markedLine === undefined ? null : markedLine - firstLine + 1, markedColumn),
        ],
      }),
    });
    return () => view.destroy();
  }, [code, language, label, firstLine, markedLine, markedColumn]);
  return <div ref={host} />;
}

/**
 * @param line - Within the text, from 1.
 * @param column - Within the line, from 1; beyond its end, its last character is marked.
 */
function marked(line: number | null, column: number | undefined): Extension {
  if (line === null) return [];
  return EditorView.decorations.of((view) => {
    const { doc } = view.state;
    if (line < 1 || line > doc.lines) return Decoration.none;
    const { from, to } = doc.line(line);
    const whole = Decoration.line({ class: 'cm-marked' }).range(from);
    if (column === undefined || from === to) return Decoration.set([whole]);
    const start = Math.min(from + column - 1, to - 1);
    const place = Decoration.mark({ class: 'cm-place' }).range(start, start + 1);
    return Decoration.set([whole, place]);
  });
}
