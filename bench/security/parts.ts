import type { Attribution } from './attribute-profile.ts';

/** What a run costs beside running, and which files do it. The first that fits counts. */
const securityParts: readonly { readonly name: string; readonly files: RegExp }[] = [
  {
    name: 'authentication',
    files:
      /^(http\/intake\/(guard-request|authenticate)|policy\/keys\/(identify|known-keys|new-key|api-keys))\.ts$/,
  },
  {
    name: 'limits of keys',
    files:
      /^(http\/intake\/limit-request|policy\/limits\/.+|upstreams\/broker\/(costs\/.+|attachments)|storage\/parts\/(spending-.+|rate-store))\.ts$|^npm:rate-limiter-flexible$/,
  },
  {
    name: 'decisions',
    files: /^(policy\/.+|runs\/(run-tools|tool-tables|hosted-runs|outside-runs|decision-cap))\.ts$/,
  },
  { name: 'hosted tools', files: /^upstreams\/hosted\/.+\.ts$/ },
  {
    name: 'reading of usage',
    files:
      /^upstreams\/relay\/(answer-meter|answer-watch|read-usage|usage-request|hide-count)\.ts$/,
  },
  {
    name: 'redaction',
    files:
      /^(observability\/(redact|hide-literals|secrets)|upstreams\/relay\/key-mask|assembly\/hide-secrets)\.ts$/,
  },
  {
    name: 'log lines',
    files:
      /^observability\/log(-entry)?\.ts$|^npm:(pino|sonic-boom|safe-stable-stringify|quick-format-unescaped)/,
  },
  {
    name: 'counters',
    files:
      /^observability\/(metrics|metric-set|bounded-series|serving-failure)\.ts$|^npm:@prometheus-io/,
  },
  {
    name: 'decision log',
    files:
      /^(observability\/(decision-log|decision-detail)|storage\/parts\/(decision-store|prune-decisions))\.ts$/,
  },
  // Who asked is lost behind an await: without limits it is the decision log, with limits mostly they.
  { name: 'SQL of the store', files: /^storage\/.+\.ts$|^npm:kysely$/ },
  { name: 'other bookkeeping', files: /^(observability\/.+|events)\.ts$/ },
];

/** Shares, from 0 to 1, of what a process was busy with. */
export type Shares = ReadonlyMap<string, number>;

/** Joins samples to parts. Garbage collection is shared out among all of JavaScript, since any of it makes garbage. */
export function sharesOf(counts: Attribution): Shares {
  const busy = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const garbage = counts.get('garbage collector') ?? 0;
  const script = busy - garbage - (counts.get('program') ?? 0);
  const shares = new Map(securityParts.map(({ name }) => [name, 0]));
  for (const [owner, count] of counts) {
    const part = securityParts.find(({ files }) => files.test(owner));
    if (!part) continue;
    const withGarbage = count * (1 + garbage / script);
    shares.set(part.name, (shares.get(part.name) ?? 0) + withGarbage / busy);
  }
  return shares;
}
