import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../../api/api-context.ts';
import { type Matrix, type MatrixAction, matrixQuery } from '../../../api/matrix.ts';
import { text } from '../../../strings/text.ts';
import { EmptyState, QueryView, Skeleton } from '../../../ui/states.tsx';
import { type SecuritySearch, useSecuritySearch } from '../search.ts';
import styles from './matrix.module.css';
import { MatrixFilters } from './matrix-filters.tsx';
import { MatrixView } from './matrix-view.tsx';
import { filterMatrix } from './shown-matrix.ts';

const names = text.security.matrix;

/** Who may what: each key against each agent, or against the tools of one. */
export function MatrixTab() {
  const { search } = useSecuritySearch();
  const action = actionOf(search.action);
  const agent = action === 'call_tool' ? (search.agent ?? '') : undefined;
  return (
    <div className={styles.tab}>
      <MatrixFilters action={action} />
      {agent === '' ? (
        <EmptyState icon="agents" title={names.noAgent}>
          <p>{names.noAgentHint}</p>
        </EmptyState>
      ) : (
        <Answers action={action} agent={agent} search={search} />
      )}
    </div>
  );
}

type Asked = {
  readonly action: MatrixAction;
  readonly agent: string | undefined;
  readonly search: SecuritySearch;
};

function Answers({ action, agent, search }: Asked) {
  const query = useQuery(matrixQuery(useApi(), action, agent));
  return (
    <QueryView
      query={query}
      skeleton={<Skeleton rows={8} height={36} />}
      deniedTitle={text.security.refused.matrix}
    >
      {(matrix) => <Whole matrix={matrix} action={action} agent={agent} search={search} />}
    </QueryView>
  );
}

function Whole({ matrix, action, agent, search }: Asked & { readonly matrix: Matrix }) {
  if (matrix.rows.length === 0) return <Nothing title={names.noKeys} hint={names.noKeysHint} />;
  if (matrix.columns.length === 0) {
    return action === 'call_tool' ? (
      <Nothing title={names.noTools} hint={names.noToolsHint} />
    ) : (
      <Nothing title={names.noAgents} hint={names.noAgentsHint} />
    );
  }
  const shown = filterMatrix(matrix, search);
  if (shown.rows.length === 0 || shown.columns.length === 0) {
    return <Nothing title={names.noMatch} hint={names.noMatchHint} />;
  }
  return (
    <>
      {matrix.isTruncated && <p className={styles.note}>{names.truncated}</p>}
      <MatrixView matrix={shown} action={action} agent={agent} />
    </>
  );
}

function Nothing({ title, hint }: { readonly title: string; readonly hint: string }) {
  return (
    <EmptyState icon="search" title={title}>
      <p>{hint}</p>
    </EmptyState>
  );
}

function actionOf(written: string | undefined): MatrixAction {
  return written !== undefined && Object.hasOwn(names.actions, written)
    ? (written as MatrixAction)
    : 'run_agent';
}
