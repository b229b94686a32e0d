import type { Upstream } from '../../api/health.ts';
import { fill, text } from '../../strings/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { duration, Time } from '../../ui/data/time.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import styles from './health.module.css';

const words = text.health.upstreams;

/** The servers that answer model calls. */
export function Upstreams({ upstreams }: { readonly upstreams: readonly Upstream[] }) {
  return (
    <Card title={words.title}>
      <ul className={styles.upstreams}>
        {upstreams.map((upstream) => (
          <li key={upstream.name}>
            <h3>
              {upstream.name}
              <State upstream={upstream} />
              {upstream.is_default && <Badge tone="info">{words.isDefault}</Badge>}
            </h3>
            <Facts facts={factsOf(upstream)} />
            {upstream.problem && <p className={styles.problem}>{upstream.problem}</p>}
            {upstream.last_error && (
              <p className={styles.soft}>
                {words.lastError} <Time at={upstream.last_error.at} />:{' '}
                {upstream.last_error.message}
              </p>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function State({ upstream: { reachable, breaker } }: { readonly upstream: Upstream }) {
  if (breaker.state === 'open') return <Badge tone="bad">{words.cooling}</Badge>;
  if (breaker.state === 'half_open') return <Badge tone="warn">{words.tried}</Badge>;
  return (
    <Badge tone={reachable ? 'good' : 'bad'}>{reachable ? words.reachable : words.away}</Badge>
  );
}

function factsOf(upstream: Upstream) {
  const { latency_ms: latency, models, limited_models: limited, used_by: users } = upstream;
  return [
    { name: words.address, value: upstream.base_url ?? words.demo },
    { name: words.api, value: words.apis[upstream.api] },
    ...(upstream.kind === 'remote'
      ? [{ name: words.key, value: upstream.has_key ? words.hasKey : words.noKey }]
      : []),
    {
      name: words.latency,
      value: latency ? `${duration(latency.p50)} / ${duration(latency.p95)}` : words.noCalls,
    },
    { name: words.fallback, value: upstream.fallback ?? text.common.none },
    { name: words.models, value: models ? `${models.length}` : words.unknown },
    { name: words.usedBy, value: users.length > 0 ? users.join(', ') : text.common.none },
    ...limited.map(({ model, until }) => ({
      name: fill(words.limited, { model }),
      value: <Time at={until} />,
    })),
  ];
}
