import type { Model } from '../../../api/agents.ts';
import { Select } from '../../../ui/field.tsx';
import styles from './head.module.css';

/** Picks one of the agents that the key may run. One that is gone stays in the list until another is picked. */
export function AgentPicker(props: {
  readonly label: string;
  readonly value: string;
  readonly models: readonly Model[];
  readonly onChange: (agentId: string) => void;
}) {
  const { label, value, models, onChange } = props;
  const options = models.map(({ id, name }) => ({
    value: id,
    label: name === '' || id.endsWith(`/${name.toLowerCase()}`) ? id : `${name} – ${id}`,
  }));
  const isGone = !models.some(({ id }) => id === value);
  const all = isGone ? [{ value, label: value }, ...options] : options;
  return (
    <span className={styles.picker}>
      <Select aria-label={label} value={value} options={all} onChange={onChange} />
    </span>
  );
}
