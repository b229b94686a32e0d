import { Link } from '@tanstack/react-router';
import type { Agent } from '../../../api/agents.ts';
import { fill, text } from '../../../strings/text.ts';
import { Badge } from '../../../ui/badge.tsx';
import { plainText } from '../../../ui/diagnostic/plain-text.ts';
import { Card } from '../../../ui/page.tsx';
import styles from './detail.module.css';

const words = text.agents.detail;

type Tool = Agent['tool_details'][number];

/** What an agent may call, and who executes it. */
export function AgentTools({ agent }: { readonly agent: Agent }) {
  const { tool_details: tools, mcp_servers: servers } = agent;
  return (
    <Card title={words.tools} flush>
      {tools.length + servers.length === 0 && <p className={styles.empty}>{words.noTools}</p>}
      <ul className={styles.list}>
        {tools.map((tool) => (
          <ToolLine key={tool.name} tool={tool} />
        ))}
        {servers.map((name) => (
          <li key={`mcp ${name}`}>
            <p className={styles.line}>
              <strong>{fill(words.mcp, { name })}</strong>
              <Provenance value="mcp" />
            </p>
            <p className={styles.soft}>{words.mcpHint}</p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function ToolLine({ tool }: { readonly tool: Tool }) {
  const { name, provenance, description } = tool;
  return (
    <li>
      <p className={styles.line}>
        {provenance === 'gateway' ? (
          <Link to="/tools" search={{ tool: name }}>
            <strong>{name}</strong>
          </Link>
        ) : (
          <strong>{name}</strong>
        )}
        <Provenance value={provenance} />
        {tool.needs_approval && <Badge tone="warn">{words.approval}</Badge>}
      </p>
      {description && (
        <p className={`${styles.soft} ${styles.clamped}`} title={description}>
          {plainText(description)}
        </p>
      )}
    </li>
  );
}

function Provenance({ value }: { readonly value: Tool['provenance'] }) {
  return (
    <span title={words.provenanceHints[value]}>
      <Badge tone={value === 'gateway' ? 'info' : 'neutral'}>{words.provenances[value]}</Badge>
    </span>
  );
}
