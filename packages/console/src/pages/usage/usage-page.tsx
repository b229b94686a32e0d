import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useApi } from '../../api/api-context.ts';
import { type Usage, usageQuery } from '../../api/usage.ts';
import { fill, text } from '../../strings/text.ts';
import { Chart } from '../../ui/data/chart.tsx';
import { count, dollars, short } from '../../ui/data/numbers.ts';
import { Stats } from '../../ui/data/stats.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Card, Page, Toolbar } from '../../ui/page.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import {
  type Measure,
  measures,
  periodOf,
  periods,
  splits,
  type UsageSearch,
} from './usage-search.ts';
import { chartOf } from './usage-sums.ts';
import { UsageTable } from './usage-table.tsx';

const route = getRouteApi('/usage');

/** Tokens, money and runs, by day and by whatever is picked. */
export function UsagePage() {
  const api = useApi();
  const search = route.useSearch();
  const { since, until } = periodOf(search.days, Date.now());
  const sums = useQuery(usageQuery(api, { by: [search.by], since, until }));
  const daily = useQuery(usageQuery(api, { by: [search.by, 'day'], since, until }));
  return (
    <Page title={text.usage.title} lead={text.usage.lead}>
      <Choices search={search} />
      <QueryView query={sums} skeleton={<Skeleton rows={2} height={180} />}>
        {(usage) => (
          <>
            <Totals usage={usage} />
            {usage.rows.length === 0 ? (
              <Card>
                <EmptyState icon="usage" title={text.usage.empty}>
                  <p>{text.usage.emptyHint}</p>
                </EmptyState>
              </Card>
            ) : (
              <>
                <QueryView query={daily} skeleton={<Skeleton rows={1} height={280} />}>
                  {(byDay) => <Drawn usage={byDay} search={search} />}
                </QueryView>
                <Unpriced usage={usage} />
                <UsageTable usage={usage} by={search.by} />
              </>
            )}
          </>
        )}
      </QueryView>
    </Page>
  );
}

function Choices({ search }: { readonly search: UsageSearch }) {
  const navigate = route.useNavigate();
  const go = (change: Partial<UsageSearch>) =>
    void navigate({ search: { ...search, ...change }, replace: true });
  return (
    <Toolbar>
      <Field label={text.usage.by}>
        {(control) => (
          <Select
            {...control}
            value={search.by}
            onChange={(by) => go({ by })}
            options={splits.map((value) => ({ value, label: text.usage.splits[value] }))}
          />
        )}
      </Field>
      <Field label={text.usage.show}>
        {(control) => (
          <Select
            {...control}
            value={search.show}
            onChange={(show) => go({ show })}
            options={measures.map((value) => ({ value, label: text.usage.measures[value] }))}
          />
        )}
      </Field>
      <Field label={text.usage.period}>
        {(control) => (
          <Select
            {...control}
            value={`${search.days}`}
            onChange={(days) => go({ days: Number(days) as UsageSearch['days'] })}
            options={periods.map((days) => ({ value: `${days}`, label: text.usage.periods[days] }))}
          />
        )}
      </Field>
    </Toolbar>
  );
}

function Totals({ usage: { totals } }: { readonly usage: Usage }) {
  return (
    <Stats
      stats={[
        { name: text.usage.measures.runs, value: totals.runs === null ? '–' : short(totals.runs) },
        {
          name: text.usage.measures.calls,
          value: short(totals.model_calls),
          note:
            totals.failed_calls > 0
              ? fill(text.usage.failed, { count: count(totals.failed_calls) })
              : undefined,
        },
        {
          name: text.usage.tokens.input,
          value: short(totals.input_tokens),
          note:
            totals.cached_input_tokens > 0
              ? fill(text.usage.cached, { count: short(totals.cached_input_tokens) })
              : undefined,
        },
        { name: text.usage.tokens.output, value: short(totals.output_tokens) },
        { name: text.usage.measures.cost, value: dollars(totals.cost_usd) },
      ]}
    />
  );
}

const formats: Readonly<Record<Measure, (value: number) => string>> = {
  tokens: short,
  cost: dollars,
  runs: short,
  calls: short,
};

function Drawn({ usage, search }: { readonly usage: Usage; readonly search: UsageSearch }) {
  const data = useMemo(
    () => chartOf(usage, search, { others: text.usage.others, none: text.usage.nameless }),
    [usage, search],
  );
  const label = fill(text.usage.chart, {
    measure: text.usage.measures[search.show],
    by: text.usage.splits[search.by].toLowerCase(),
  });
  return (
    <Card title={label}>
      <Chart
        label={label}
        data={data}
        format={formats[search.show]}
        bars={data.series.length === 1}
      />
    </Card>
  );
}

function Unpriced({ usage: { unpriced } }: { readonly usage: Usage }) {
  if (unpriced.length === 0) return null;
  const models = unpriced.map(({ upstream, model }) => `${model} (${upstream})`).join(', ');
  return <p role="note">{fill(text.usage.unpriced, { models })}</p>;
}
