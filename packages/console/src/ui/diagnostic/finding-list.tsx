import type { Answer } from '../../api/client.ts';
import { CodeFrame } from './code-frame.tsx';
import styles from './finding-list.module.css';
import { plainText } from './plain-text.ts';
import { SeverityBadge } from './severity-badge.tsx';

/** What was found at one look, with nothing of when or how often. */
export type Finding = Answer<'POST /admin/agents/rollback'>['findings'][number];

/** Findings, each with its line and what to do. */
export function FindingList({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <ul className={styles.findings}>
      {findings.map((finding) => (
        <li key={[finding.code, finding.file, finding.line, finding.message].join(' ')}>
          <p className={styles.head}>
            <SeverityBadge severity={finding.severity} />
            <code>{finding.code}</code>
          </p>
          <p>{plainText(finding.message)}</p>
          <CodeFrame found={finding} />
          {finding.hint && <p>{plainText(finding.hint)}</p>}
        </li>
      ))}
    </ul>
  );
}
