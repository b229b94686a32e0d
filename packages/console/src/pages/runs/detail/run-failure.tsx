import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useApi } from '../../../api/api-context.ts';
import { type Run, runErrorQuery } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { Icon } from '../../../ui/icon.tsx';
import styles from './run.module.css';

const words = text.runs.detail;

/** Why a run failed, or what it waits for; nothing of one that went well. */
export function RunFailure({ run }: { readonly run: Run }) {
  const isFailed = run.code !== null;
  const { data } = useQuery({ ...runErrorQuery(useApi(), run), enabled: isFailed });
  if (run.outcome === 'interrupted') {
    return (
      <p className={styles.waits}>
        {words.waits} <Link to="/approvals">{words.toApprovals}</Link>
      </p>
    );
  }
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
      </div>
    </div>
  );
}
