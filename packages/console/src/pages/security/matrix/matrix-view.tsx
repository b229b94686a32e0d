import { useCallback, useState } from 'react';
import type { Matrix, MatrixAction } from '../../../api/matrix.ts';
import { fill, text } from '../../../strings/text.ts';
import { Card } from '../../../ui/page.tsx';
import { Verdict } from '../parts/verdict.tsx';
import { CellDetail } from './cell-detail.tsx';
import styles from './matrix.module.css';
import { MatrixGrid, type Place } from './matrix-grid.tsx';

const names = text.security.matrix;

/** The answers, and beside them the rule that decides the one that is pointed at. */
export function MatrixView(props: {
  readonly matrix: Matrix;
  readonly action: MatrixAction;
  readonly agent: string | undefined;
}) {
  const { matrix, action, agent } = props;
  const [pointed, setPointed] = useState<Place | null>(null);
  const [kept, setKept] = useState<Place | null>(null);
  const onPoint = useCallback((place: Place) => setPointed(place), []);
  const onKeep = useCallback((place: Place) => setKept(place), []);
  const size = { keys: matrix.rows.length, agents: matrix.columns.length };
  return (
    <Card
      flush
      title={fill(agent === undefined ? names.size : names.sizeTools, size)}
      actions={<Legend />}
    >
      <CellDetail
        matrix={matrix}
        place={kept ?? pointed}
        isKept={kept !== null}
        action={action}
        agent={agent}
        onRelease={() => setKept(null)}
      />
      <MatrixGrid
        matrix={matrix}
        label={fill(names.label, { action: text.security.actions[action] })}
        kept={kept}
        onPoint={onPoint}
        onKeep={onKeep}
      />
    </Card>
  );
}

function Legend() {
  return (
    <ul className={styles.legend} aria-label={names.legend}>
      {(['allow', 'deny', 'ask', 'require_approval'] as const).map((value) => (
        <li key={value}>
          <Verdict value={value} />
        </li>
      ))}
    </ul>
  );
}
