import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../api/api-context.ts';
import { type Status, statusQuery, upstreamsQuery } from '../../api/health.ts';
import { fill, text } from '../../strings/text.ts';
import { count } from '../../ui/data/numbers.ts';
import { Stats } from '../../ui/data/stats.tsx';
import { Time } from '../../ui/data/time.tsx';
import { Page } from '../../ui/page.tsx';
import { QueryView, Skeleton } from '../../ui/states.tsx';
import { Checks } from './checks.tsx';
import { Retirements } from './retirements.tsx';
import { Upstreams } from './upstreams.tsx';
import { Workers } from './workers.tsx';

/** How the gateway, its workers and the upstreams are. */
export function HealthPage() {
  const api = useApi();
  const status = useQuery(statusQuery(api));
  const upstreams = useQuery(upstreamsQuery(api));
  return (
    <Page title={text.health.title} lead={text.health.lead}>
      <QueryView query={status} skeleton={<Skeleton rows={3} height={120} />}>
        {(now) => (
          <>
            <Figures status={now} />
            <Checks checks={now.checks} />
            <Workers workers={now.workers} />
          </>
        )}
      </QueryView>
      <QueryView query={upstreams} skeleton={<Skeleton rows={1} height={160} />}>
        {(all) => <Upstreams upstreams={all} />}
      </QueryView>
      {status.data && <Retirements retirements={status.data.retirements} />}
    </Page>
  );
}

function Figures({ status: { gateway, runs, workers, store } }: { readonly status: Status }) {
  const words = text.health.figures;
  const isReady = gateway.status === 'ready';
  const memory = workers.reduce((sum, { rss_mb: mb }) => sum + (mb ?? 0), 0);
  return (
    <Stats
      stats={[
        {
          name: words.gateway,
          value: text.health.states[gateway.status],
          isBad: !isReady,
          note: isReady ? <Started at={gateway.started_at} /> : gateway.waiting_for.join(', '),
        },
        {
          name: words.runs,
          value: count(runs.active),
          note:
            runs.waiting > 0 ? fill(words.waiting, { count: count(runs.waiting) }) : words.noQueue,
        },
        {
          name: words.workers,
          value: count(workers.length),
          note: fill(words.memoryOfWorkers, { mb: count(Math.round(memory)) }),
        },
        {
          name: words.memory,
          value: `${count(Math.round(gateway.rss_mb))} MB`,
          note: fill(words.heap, { mb: count(Math.round(gateway.heap_mb)) }),
        },
        {
          name: words.store,
          value: text.health.stores[store.kind],
          isBad: store.away_ms > 0,
          note:
            store.away_ms > 0
              ? fill(words.away, { seconds: Math.round(store.away_ms / 1000) })
              : words.storeWell,
        },
        {
          name: words.version,
          value: gateway.version,
          note: fill(words.node, { version: gateway.node, pid: gateway.pid }),
        },
      ]}
    />
  );
}

function Started({ at }: { readonly at: string }) {
  return (
    <>
      {text.health.figures.started} <Time at={at} />
    </>
  );
}
