import { Card } from '../../../ui/page.tsx';
import styles from './detail.module.css';

/** Names of one sort, or that there is none. */
export function AgentNames(props: {
  readonly title: string;
  readonly names: readonly string[];
  readonly none: string;
}) {
  const { title, names, none } = props;
  return (
    <Card title={title} flush>
      {names.length === 0 ? (
        <p className={styles.empty}>{none}</p>
      ) : (
        <ul className={styles.chips}>
          {names.map((name) => (
            <li key={name}>{name}</li>
          ))}
        </ul>
      )}
    </Card>
  );
}
