import { text } from '../../../strings/text.ts';
import { CopyButton } from '../../../ui/text/copy-button.tsx';
import styles from './code-fence.module.css';
import { HighlightedCode } from './highlighted-code.tsx';
import { shownText } from './shown-text.ts';

/** Code in an answer, with its language and a button that copies it. */
export function CodeFence(props: {
  readonly code: string;
  readonly language: string;
  /** Whether nothing follows any more. */
  readonly isWhole: boolean;
}) {
  const { code, language, isWhole } = props;
  const shown = shownText(code);
  return (
    <figure className={styles.fence}>
      <figcaption>
        <span>{language}</span>
        <CopyButton value={code} label={text.playground.answer.copyCode} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <pre tabIndex={0} dir="ltr">
        <code>{isWhole ? <HighlightedCode code={shown} language={language} /> : shown}</code>
      </pre>
    </figure>
  );
}
