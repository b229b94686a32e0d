import { Link } from '@tanstack/react-router';
import type { Agent } from '../../../api/agents.ts';
import { fill, text } from '../../../strings/text.ts';
import { CodeFrame } from '../../../ui/diagnostic/code-frame.tsx';
import { plainText } from '../../../ui/diagnostic/plain-text.ts';
import { lastErrorOf } from '../list/agent-filter.ts';
import styles from './detail.module.css';

const words = text.agents.detail;

/** Why an agent does not serve what its files say: the newest error with its line, and what serves in the meantime. */
export function WhatIsWrong({ agent }: { readonly agent: Agent }) {
  const error = lastErrorOf(agent);
  if (!error || agent.status === 'ready' || agent.status === 'loading') return null;
  const { generation } = agent;
  return (
    <section
      className={styles.wrong}
      data-serves={generation !== null}
      aria-label={words.problem}
      role="status"
    >
      <p>
        <strong>{plainText(error.message)}</strong>
      </p>
      <p>
        {generation === null ? words.nothingServes : fill(words.serving, { generation })}{' '}
        <Link to="/errors" search={{ agent: agent.id, id: error.id }}>
          {words.openErrors}
        </Link>
      </p>
      <CodeFrame found={error} />
      {error.hint && <p>{plainText(error.hint)}</p>}
    </section>
  );
}
