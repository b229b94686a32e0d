import { tsxLanguage } from '@codemirror/lang-javascript';
import { jsonLanguage } from '@codemirror/lang-json';
import { pythonLanguage } from '@codemirror/lang-python';
import { highlightCode, tagHighlighter, tags } from '@lezer/highlight';
import type { ReactNode } from 'react';
import styles from './code-fence.module.css';

const parsers = {
  typescript: tsxLanguage.parser,
  python: pythonLanguage.parser,
  json: jsonLanguage.parser,
};

const colours = tagHighlighter([
  { tag: [tags.keyword, tags.controlKeyword, tags.bool, tags.null], class: styles.keyword ?? '' },
  { tag: [tags.string, tags.special(tags.string)], class: styles.string ?? '' },
  { tag: tags.number, class: styles.number ?? '' },
  { tag: [tags.propertyName, tags.definition(tags.variableName)], class: styles.name ?? '' },
  { tag: tags.comment, class: styles.comment ?? '' },
]);

/** Code, each word in the colour of what it is. */
export default function ColouredCode(props: {
  readonly code: string;
  readonly language: keyof typeof parsers;
}) {
  const { code, language } = props;
  const parts: ReactNode[] = [];
  highlightCode(
    code,
    parsers[language].parse(code),
    colours,
    (word, classes) =>
      parts.push(
        classes === '' ? (
          word
        ) : (
          <span key={parts.length} className={classes}>
            {word}
          </span>
        ),
      ),
    () => parts.push('\n'),
  );
  return parts;
}
