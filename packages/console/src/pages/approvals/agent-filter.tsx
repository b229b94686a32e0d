import { useEffect, useId, useState } from 'react';
import type { Approval } from '../../api/approvals.ts';
import { text } from '../../strings/text.ts';
import { TextInput } from '../../ui/field.tsx';
import styles from './approvals.module.css';

const typingMs = 300;

/** Narrows calls to those of one agent; agents of the calls that are there are proposed. */
export function AgentFilter(props: {
  readonly value: string | undefined;
  readonly calls: readonly Approval[];
  readonly onChange: (agent: string | undefined) => void;
}) {
  const { value = '', calls, onChange } = props;
  const [draft, setDraft] = useState(value);
  const listId = useId();
  useEffect(() => setDraft(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what it tells may be another function each time
  useEffect(() => {
    if (draft.trim() === value) return;
    const timer = setTimeout(() => onChange(draft.trim() || undefined), typingMs);
    return () => clearTimeout(timer);
  }, [draft]);
  return (
    <>
      <TextInput
        className={styles.filter}
        aria-label={text.approvals.agent}
        placeholder={text.approvals.agent}
        value={draft}
        list={listId}
        onChange={(event) => setDraft(event.target.value)}
      />
      <datalist id={listId}>
        {[...new Set(calls.map(({ agent_id }) => agent_id))].map((id) => (
          <option key={id} value={id} />
        ))}
      </datalist>
    </>
  );
}
