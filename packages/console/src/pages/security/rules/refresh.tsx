import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useApi } from '../../../api/api-context.ts';
import type { RefreshAnswer } from '../../../api/security.ts';
import { useRole } from '../../../api/session.ts';
import { fill, text } from '../../../strings/text.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { Toolbar } from '../../../ui/page.tsx';
import { ErrorPanel } from '../../../ui/states.tsx';
import styles from './rules.module.css';

const names = text.security.rules;

/** Has gateway.yaml read again, and tells what was found. Stands beside the fields that are given. */
export function Refresh({ children }: { readonly children: ReactNode }) {
  const api = useApi();
  const queries = useQueryClient();
  const isAdmin = useRole() === 'admin';
  const refresh = useMutation({
    mutationFn: () => api.call('POST /security/refresh'),
    onSuccess: () =>
      Promise.all(
        ['rules', 'matrix', 'overrides'].map((name) =>
          queries.invalidateQueries({ queryKey: [name] }),
        ),
      ),
  });
  return (
    <div className={styles.top}>
      <Toolbar>
        {children}
        {isAdmin && (
          <Button icon="refresh" busy={refresh.isPending} onClick={() => refresh.mutate()}>
            {names.refresh}
          </Button>
        )}
      </Toolbar>
      {refresh.isError && <ErrorPanel error={refresh.error} title={names.refreshFailed} />}
      <div role="status">
        {refresh.isSuccess && <Outcome answer={refresh.data} onClose={refresh.reset} />}
      </div>
    </div>
  );
}

function Outcome({
  answer,
  onClose,
}: {
  readonly answer: RefreshAnswer;
  readonly onClose: () => void;
}) {
  const { kept, rules, overrides, findings } = answer;
  return (
    <section className={styles.outcome}>
      <header>
        <p className={kept ? styles.bad : styles.good}>
          {kept ? names.kept : fill(names.refreshed, { rules, overrides })}
        </p>
        <Button
          variant="ghost"
          size="small"
          icon="close"
          aria-label={names.close}
          onClick={onClose}
        />
      </header>
      {findings.length > 0 && (
        <ul aria-label={names.findings} className={styles.tab}>
          {findings.map((finding) => (
            <Finding key={`${finding.code} ${finding.line} ${finding.message}`} finding={finding} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Finding({ finding }: { readonly finding: RefreshAnswer['findings'][number] }) {
  const { severity, code, message, file, line, frame, hint } = finding;
  const tone = severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : 'info';
  return (
    <li className={styles.finding}>
      <p>
        <Badge tone={tone}>{severity}</Badge> <code>{code}</code>
      </p>
      <p>{message}</p>
      {hint && <p className={styles.soft}>{hint}</p>}
      {file && (
        <p className={styles.soft}>{line === undefined ? file : fill(names.at, { file, line })}</p>
      )}
      {frame && <pre>{frame}</pre>}
    </li>
  );
}
