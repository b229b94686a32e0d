import { load } from '../load.ts';
import { quantile } from '../quantile.ts';
import { startSecuredGateway } from './secured-gateway.ts';
import { costOf } from './share-table.ts';

export type RuleTableOptions = {
  readonly upstreamEnv: Readonly<Record<string, string>>;
  /** Runs of one round. */
  readonly count: number;
  readonly rounds: number;
};

const concurrency = 16;

const variants = [
  { name: 'no rules', rules: [] },
  { name: '10 rules', rules: rules(10) },
  { name: '1,000 rules', rules: rules(1000) },
  { name: '1,000 rules, 100 of them with a `when` that is asked', rules: rules(1000, 100) },
];

type Variant = (typeof variants)[number] & { readonly key: 'free' | 'limited' };
type Cost = Awaited<ReturnType<typeof costOf>>;

/**
 * CPU of a whole run by number of rules and kind of key, as Markdown. One gateway, whose rules are replaced again and again;
 * ratios are to the first row of the same round, and then medians.
 */
export async function ruleTable({ upstreamEnv, count, rounds }: RuleTableOptions): Promise<string> {
  const gateway = await startSecuredGateway(upstreamEnv);
  const rows: Variant[] = variants.flatMap((variant) => [
    { ...variant, key: 'free' },
    { ...variant, key: 'limited' },
  ]);
  const measure = async ({ rules, key }: Variant) => {
    await gateway.setRules(rules);
    await load(gateway[key], { count: 32, concurrency, stream: false });
    const run = () => load(gateway[key], { count, concurrency, stream: false });
    return costOf(gateway, count, run);
  };
  try {
    for (const row of rows) await measure(row);
    const costs: Cost[][] = [];
    for (let round = 0; round < rounds; round += 1) costs.push(await inTurn(rows, round, measure));
    return table(rows, costs);
  } finally {
    await gateway.stop();
  }
}

/** The costs of all rows, in their order; every other round measures them backwards. */
async function inTurn(
  rows: readonly Variant[],
  round: number,
  measure: (row: Variant) => Promise<Cost>,
): Promise<Cost[]> {
  const order = round % 2 === 0 ? rows : rows.toReversed();
  const costs: Cost[] = [];
  for (const row of order) costs.push(await measure(row));
  return round % 2 === 0 ? costs : costs.toReversed();
}

function table(rows: readonly Variant[], rounds: readonly (readonly Cost[])[]): string {
  const median = (of: (costs: readonly Cost[]) => number) => quantile(rounds.map(of), 0.5);
  const lines = rows.map(({ name, key }, at) => {
    const micros = median((costs) => costs[at]?.gatewayMicros ?? 0);
    const ratio = (which: keyof Cost) =>
      median((costs) => (costs[at]?.[which] ?? 0) / (costs[0]?.[which] ?? 1)).toFixed(2);
    const limits = key === 'free' ? 'without' : 'with';
    return `| ${name} | ${limits} | ${micros.toFixed(0)} | ${ratio('gatewayMicros')} | ${ratio('treeMicros')} |`;
  });
  return [
    '| whole, concurrency 16 | limits | gateway µs per run | gateway, ratio | with its worker, ratio |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

/** Rules of four kinds that decide nothing here: half about running agents, half about calling tools. */
function rules(count: number, conditional = 0): readonly Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `rule-${index}`;
    const effect = index % 2 === 0 ? 'deny' : 'allow';
    const action = index % 4 < 2 ? 'run_agent' : 'call_tool';
    const rule = { id, effect, action };
    if (index < conditional) {
      return { ...rule, principals: ['*'], resources: ['*'], when: 'context.hour > 24' };
    }
    switch (index % 4) {
      case 0:
        return { ...rule, principals: [`key_${index}`], resources: [`team${index}/*`] };
      case 1:
        return { ...rule, principals: [`*-${index}`], resources: [`*${index}/agent`] };
      case 2:
        return { ...rule, principals: [`agent:team${index}/*`], resources: [`tool${index}*`] };
      default:
        return { ...rule, principals: ['role:operator'], resources: [`*_${index}`] };
    }
  });
}
