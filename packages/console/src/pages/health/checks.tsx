import type { Status } from '../../api/health.ts';
import { text } from '../../strings/text.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Card } from '../../ui/page.tsx';
import styles from './health.module.css';

type Check = Status['checks'][number];

const tones: Readonly<Record<Check['state'], Tone>> = { ok: 'good', warn: 'warn', fail: 'bad' };
const order: readonly Check['state'][] = ['fail', 'warn', 'ok'];

/** What `dropgate doctor` would say of the gateway that runs: what is wrong comes first. */
export function Checks({ checks }: { readonly checks: readonly Check[] }) {
  const sorted = checks.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return (
    <Card title={text.health.checks} flush>
      <ul className={styles.checks}>
        {sorted.map((check) => (
          <li key={check.name}>
            <Badge tone={tones[check.state]}>{text.health.checkStates[check.state]}</Badge>
            <div>
              <p className={styles.name}>{check.name}</p>
              <p className={styles.soft}>{check.found}</p>
              {check.fix && <p>{check.fix}</p>}
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
