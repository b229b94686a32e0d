import { text } from '../../../strings/text.ts';
import styles from './verdict.module.css';

/** What a question is answered, and what is known of one before all of it is. */
export type VerdictName = keyof typeof text.security.verdicts;

/** Each answer has a form of its own, so that none is told by its colour alone. */
const forms: Readonly<Record<VerdictName, { readonly tone: string; readonly path: string }>> = {
  allow: { tone: 'good', path: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM4.8 8.2l2.2 2.2 4.2-4.6' },
  deny: {
    tone: 'bad',
    path: 'M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2ZM5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2',
  },
  require_approval: { tone: 'info', path: 'M2 2h12v12H2ZM6.2 5.2v5.6M9.8 5.2v5.6' },
  ask: { tone: 'warn', path: 'M8 .8 15.2 8 8 15.2.8 8ZM8 4.8v3.8M8 10.8v.2' },
  ask_approval: { tone: 'warn', path: 'M8 .8 15.2 8 8 15.2.8 8ZM6.4 6v4M9.6 6v4' },
};

/** An answer as a form and a word. */
export function Verdict({
  value,
  size = 'normal',
}: {
  readonly value: VerdictName;
  readonly size?: 'normal' | 'large';
}) {
  const { tone, path } = forms[value];
  return (
    <span
      className={`${styles.verdict} ${styles[tone]} ${size === 'large' ? styles.large : ''}`}
      title={text.security.verdictHints[value]}
    >
      <svg aria-hidden="true" viewBox="0 0 16 16" className={styles.form} focusable="false">
        <path d={path} />
      </svg>
      {text.security.verdicts[value]}
    </span>
  );
}
