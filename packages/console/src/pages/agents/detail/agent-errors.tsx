import { Link } from '@tanstack/react-router';
import type { Agent } from '../../../api/agents.ts';
import { text } from '../../../strings/text.ts';
import { Time } from '../../../ui/data/time.tsx';
import { plainText } from '../../../ui/diagnostic/plain-text.ts';
import { SeverityBadge } from '../../../ui/diagnostic/severity-badge.tsx';
import { Card } from '../../../ui/page.tsx';
import styles from './detail.module.css';

const words = text.agents.detail;
const shown = 5;

/** The newest of what is wrong with an agent. */
export function AgentErrors({ agent }: { readonly agent: Agent }) {
  const { diagnostics, id: agentId } = agent;
  return (
    <Card
      title={words.lastErrors}
      flush
      actions={
        diagnostics.length > 0 && (
          <Link to="/errors" search={{ agent: agentId }}>
            {words.openErrors}
          </Link>
        )
      }
    >
      {diagnostics.length === 0 && <p className={styles.empty}>{words.noErrors}</p>}
      <ul className={styles.list}>
        {diagnostics.slice(0, shown).map(({ id, severity, code, message, last_seen: lastSeen }) => (
          <li key={id}>
            <p className={styles.line}>
              <SeverityBadge severity={severity} />
              <Link to="/errors" search={{ agent: agentId, id }}>
                {code}
              </Link>
              <span className={`${styles.soft} ${styles.end}`}>
                <Time at={lastSeen} />
              </span>
            </p>
            <p className={styles.clamped} title={message}>
              {plainText(message)}
            </p>
          </li>
        ))}
      </ul>
    </Card>
  );
}
