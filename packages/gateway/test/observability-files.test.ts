import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createMetricSet } from '../src/observability/metrics/metric-set.ts';

const folder = join(import.meta.dirname, '../../../deploy/observability');
const rulesFile = join(folder, 'prometheus-rules.yaml');
const dashboardFile = join(folder, 'grafana-dashboard.json');

type Rules = {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
};
type Dashboard = {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
};

const rules = (parse(readFileSync(rulesFile, 'utf8')) as Rules).groups.flatMap(
  (group) => group.rules,
);
const { panels } = JSON.parse(readFileSync(dashboardFile, 'utf8')) as Dashboard;

/** Every series that Prometheus gets → the labels that it has. */
const series = new Map(
  (
    createMetricSet({
      workers: () => [],
      unreadBytes: () => 0,
      budgetsLeft: async () => [],
      upstreams: () => [],
    }).registry.getMetricsAsArray() as unknown as readonly {
      readonly name: string;
      readonly type: string;
      readonly labelNames?: readonly string[];
    }[]
  ).flatMap(({ name, type, labelNames = [] }): [string, readonly string[]][] =>
    type === 'histogram'
      ? [
          [`${name}_bucket`, [...labelNames, 'le']],
          [`${name}_sum`, labelNames],
          [`${name}_count`, labelNames],
        ]
      : [[name, labelNames]],
  ),
);

/** Names of metrics and labels in an expression that there are not. */
function strangersIn(expression: string): string[] {
  const named = [...expression.matchAll(/\b((?:dropgate|gen_ai)_\w+)(?:\{([^}]*)\})?/g)];
  const labels = named.flatMap(([, name = '']) => series.get(name) ?? []);
  const wanted = [
    ...[...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(',')),
    ...named.flatMap(([, , selector = '']) =>
      [...selector.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']) => label),
    ),
  ].map((label) => label.trim());
  return [
    ...named.map(([, name = '']) => name).filter((name) => !series.has(name)),
    ...wanted.filter((label) => !labels.includes(label)),
    ...(named.length === 0 ? [`no metric in ${expression}`] : []),
  ];
}

test.each(rules.map(({ alert, expr }) => [alert, expr]))(
  'the alert %s names metrics that there are',
  (_alert, expression) => {
    expect(strangersIn(expression)).toEqual([]);
  },
);

test.each(
  panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => [title, legendFormat, expr] as const),
  ),
)('the panel “%s” (%s) names metrics that there are', (_title, _legend, expression) => {
  expect(strangersIn(expression)).toEqual([]);
});

test('a metric or label that there is not would be found', () => {
  expect(strangersIn('sum by (agent, colour) (rate(dropgate_runs_total{mood="bad"}[5m]))')).toEqual(
    ['colour', 'mood'],
  );
  expect(strangersIn('dropgate_runs')).toEqual(['dropgate_runs']);
});

const promtool = process.env.PROMTOOL ?? 'promtool';
const hasPromtool = await promisify(execFile)(promtool, ['--version']).then(
  () => true,
  () => false,
);

test.skipIf(!hasPromtool)('Prometheus takes the alert rules', async () => {
  const { stdout } = await promisify(execFile)(promtool, ['check', 'rules', rulesFile]);
  expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
});
