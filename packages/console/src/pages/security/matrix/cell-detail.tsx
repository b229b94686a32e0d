import { Link } from '@tanstack/react-router';
import type { Matrix, MatrixAction, MatrixRule } from '../../../api/matrix.ts';
import { fill, text } from '../../../strings/text.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { tierOf } from '../parts/rule-names.ts';
import { Verdict } from '../parts/verdict.tsx';
import type { SecuritySearch } from '../search.ts';
import styles from './matrix.module.css';
import type { Place } from './matrix-grid.tsx';

const names = text.security.matrix;

/** The answer that is pointed at or kept, and the rule that decides it. It keeps its height, so that nothing jumps. */
export function CellDetail(props: {
  readonly matrix: Matrix;
  readonly place: Place | null;
  readonly isKept: boolean;
  readonly action: MatrixAction;
  readonly agent: string | undefined;
  readonly onRelease: () => void;
}) {
  const { matrix, place, isKept, action, agent, onRelease } = props;
  const row = place && matrix.rows[place.row];
  const cell = row?.cells[place?.column ?? -1];
  const what = matrix.columns[place?.column ?? -1];
  if (!row || !cell || what === undefined) {
    return <p className={`${styles.detail} ${styles.soft}`}>{names.pointHint}</p>;
  }
  const question: SecuritySearch = {
    tab: 'preview',
    who: row.key.id,
    action,
    resource: what,
    ...(agent === undefined ? {} : { agent }),
  };
  return (
    <div className={styles.detail}>
      <div className={styles.said}>
        <p className={styles.sentence}>
          <span className={styles.words} title={`${row.key.name} → ${what}`}>
            {fill(names.sentence, { key: row.key.name, what })}
          </span>
          <Verdict value={cell.decision} />
        </p>
        <Rule rule={cell.rule} />
      </div>
      <div className={styles.doings}>
        {isKept && (
          <>
            <Badge tone="info">{names.kept}</Badge>
            <Link to="/security" search={question}>
              {names.ask}
            </Link>
            <Button size="small" icon="close" onClick={onRelease}>
              {names.release}
            </Button>
          </>
        )}
      </div>
    </div>
  );
}

function Rule({ rule }: { readonly rule: MatrixRule | null }) {
  if (rule === null) return <p className={styles.soft}>{text.security.preview.nobody}</p>;
  return (
    <p className={styles.rule} title={rule.reason ?? ''}>
      {text.security.preview.decided}{' '}
      <Link to="/security" search={{ tab: 'rules', rule: rule.id }}>
        {rule.id}
      </Link>{' '}
      <span className={styles.soft}>{tierOf(rule.tier)}</span> {rule.reason}
    </p>
  );
}
