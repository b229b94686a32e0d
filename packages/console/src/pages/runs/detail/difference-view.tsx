import type { ReplayReport } from '../../../api/runs.ts';
import { text } from '../../../strings/text.ts';
import styles from './run.module.css';

const words = text.runs.replay;

type Change = NonNullable<ReplayReport['difference']>['changes'][number];

/** Fields that differ, each as it was recorded and as it is now; what is not the same in both is marked. */
export function DifferenceView({ changes }: { readonly changes: readonly Change[] }) {
  if (changes.length === 0) return null;
  return (
    <ul className={styles.changes}>
      {changes.map((change) => {
        const [recorded, replayed] = [shown(change.recorded), shown(change.replayed)];
        const same = sameEnds(recorded, replayed);
        return (
          <li key={change.path}>
            <code>{change.path || words.whole}</code>
            <Side sign="−" name={words.recordedValue} value={recorded} same={same} />
            <Side sign="+" name={words.replayedValue} value={replayed} same={same} />
          </li>
        );
      })}
    </ul>
  );
}

type SameEnds = { readonly before: number; readonly after: number };

function Side(props: {
  readonly sign: '−' | '+';
  readonly name: string;
  readonly value: string;
  readonly same: SameEnds;
}) {
  const { sign, name, value, same } = props;
  const end = value.length - same.after;
  return (
    <pre className={sign === '+' ? styles.added : styles.removed}>
      <span className="visually-hidden">{name}: </span>
      <span aria-hidden="true">{sign} </span>
      {value.slice(0, same.before)}
      <mark>{value.slice(same.before, end)}</mark>
      {value.slice(end)}
    </pre>
  );
}

function shown(value: unknown): string {
  if (value === undefined) return words.absent;
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** How many letters at the start and at the end two texts have in common. */
function sameEnds(one: string, other: string): SameEnds {
  const most = Math.min(one.length, other.length);
  let before = 0;
  while (before < most && one[before] === other[before]) before += 1;
  let after = 0;
  while (after < most - before && one.at(-1 - after) === other.at(-1 - after)) after += 1;
  return { before, after };
}
