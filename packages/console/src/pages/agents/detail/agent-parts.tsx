import type { Agent } from '../../../api/agents.ts';
import { text } from '../../../strings/text.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Card } from '../../../ui/page.tsx';
import styles from './detail.module.css';

const words = text.agents.detail;

type Part = Agent['parts'][number];

/** The agents that a module is made of, with what each hands off to and is guarded by. */
export function AgentParts({ agent: { parts, generation } }: { readonly agent: Agent }) {
  return (
    <Card title={words.parts} flush>
      {parts.length === 0 && (
        <p className={styles.empty}>{generation === null ? words.noFiles : words.plain}</p>
      )}
      <ul className={styles.list}>
        {parts.map((part, index) => (
          <li key={part.name}>
            <p className={styles.line}>
              <strong>{part.name}</strong>
              {index === 0 && parts.length > 1 && <Badge tone="info">{words.firstPart}</Badge>}
            </p>
            <dl className={styles.pairs}>
              {pairsOf(part).map(({ name, value }) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** What there is nothing of is left out. */
function pairsOf(part: Part) {
  return [
    { name: words.model, value: part.model ?? '' },
    { name: words.tools, value: part.tools.join(', ') },
    { name: words.mcpServers, value: part.mcp_servers.join(', ') },
    { name: words.handoffs, value: part.handoffs.join(', ') },
    { name: words.inputGuardrails, value: part.input_guardrails.join(', ') },
    { name: words.outputGuardrails, value: part.output_guardrails.join(', ') },
    { name: words.output, value: part.output_type },
  ].filter(({ value }) => value !== '');
}
