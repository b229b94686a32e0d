import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useApi } from '../../../api/api-context.ts';
import { type Run, runErrorQuery, type Step } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { Icon } from '../../../ui/icon.tsx';
import styles from './run.module.css';

const words = text.runs.detail;

/** Why a run failed, or what it waits for; nothing of one that went well. */
export function RunFailure({ run, steps }: { readonly run: Run; readonly steps: readonly Step[] }) {
  const isFailed = run.code !== null;
  const { data } = useQuery({ ...runErrorQuery(useApi(), run), enabled: isFailed });
  const asked = steps.find((step) => step.kind === 'approval');
  if (run.outcome === 'interrupted') {
    return (
      <p className={styles.waits}>
        {words.waits}{' '}
        <Link to="/approvals" search={asked ? { id: asked.approval_id } : {}}>
          {words.toApprovals}
        </Link>
      </p>
    );
  }
  if (run.outcome === 'lost') return <p className={styles.waits}>{words.lost}</p>;
  if (!isFailed) return null;
  return (
    <div className={styles.failure} role="note">
      <Icon name="errors" size={20} />
      <div>
        <p>
          <strong>{run.code}</strong>
        </p>
        {data && <p className={styles.message}>{data.message}</p>}
        {data?.hint && <p>{fill(words.errorHint, { hint: data.hint })}</p>}
        {data && (
          <Link to="/errors" search={{ agent: run.agent_id, id: data.id }}>
            {words.toErrors}
          </Link>
        )}
      </div>
    </div>
  );
}
