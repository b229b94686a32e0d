import type { ReactNode } from 'react';
import styles from './stats.module.css';

/** A figure that is seen at a glance: its name, the value, and what else there is to say. */
export type Stat = {
  readonly name: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
  /** Whether something is wrong with it. */
  readonly isBad?: boolean;
};

/** Figures side by side. */
export function Stats({ stats }: { readonly stats: readonly Stat[] }) {
  return (
    <dl className={styles.stats}>
      {stats.map(({ name, value, note, isBad }) => (
        <div key={name} className={styles.stat}>
          <dt>{name}</dt>
          <dd className={isBad ? styles.bad : ''}>{value}</dd>
          {note && <dd className={styles.note}>{note}</dd>}
        </div>
      ))}
    </dl>
  );
}
