import type { Status } from '../../api/health.ts';
import { fill, text } from '../../strings/text.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Card } from '../../ui/page.tsx';
import styles from './health.module.css';

const words = text.health.retirements;
const soonDays = 30;

/** Models that were used lately and end. */
export function Retirements({ retirements }: { readonly retirements: Status['retirements'] }) {
  if (retirements !== null && retirements.length === 0) return null;
  return (
    <Card title={words.title} flush={retirements !== null}>
      {retirements === null ? (
        <p>{words.unknown}</p>
      ) : (
        <ul className={styles.checks}>
          {retirements.map((each) => (
            <li key={`${each.upstream} ${each.model}`}>
              <Badge tone={toneOf(each.days_left)}>{endOf(each.days_left)}</Badge>
              <div>
                <p className={styles.name}>
                  {each.model} ({each.upstream}), {each.ends_on}
                </p>
                <p className={styles.soft}>
                  {fill(words.usedBy, { agents: each.agents.join(', ') || text.common.none })}
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function toneOf(daysLeft: number): Tone {
  if (daysLeft < 0) return 'bad';
  return daysLeft <= soonDays ? 'warn' : 'info';
}

function endOf(daysLeft: number): string {
  return daysLeft < 0 ? words.ended : fill(words.left, { days: daysLeft });
}
