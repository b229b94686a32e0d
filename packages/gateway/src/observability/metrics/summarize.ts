import type { MetricsReport } from '../../protocol/admin/metrics-answer.ts';

type Sample = MetricsReport['metrics'][number]['samples'][number];

/** What the metrics say in all of each agent and each tool; the busiest first. */
export function summarize(
  metrics: MetricsReport['metrics'],
): Pick<MetricsReport, 'agents' | 'tools'> {
  const samples = new Map(metrics.map(({ name, samples }) => [name, samples]));
  const by = (label: string, name: string) => groupBy(samples.get(`dropgate_${name}`) ?? [], label);
  return { agents: agentsOf(by), tools: toolsOf(by) };
}

type Groups = ReadonlyMap<string, readonly Sample[]>;
type By = (label: string, name: string) => Groups;

function agentsOf(by: By): MetricsReport['agents'] {
  const runs = by('agent', 'runs_total');
  const times = by('agent', 'run_duration_seconds');
  const failures = by('agent', 'failures_total');
  const models = by('agent', 'model_calls_total');
  const tools = by('agent', 'tool_calls_total');
  const tokens = by('agent', 'tokens_total');
  const names = new Set([...runs.keys(), ...tools.keys(), ...failures.keys(), ...models.keys()]);
  const summaries = [...names].map((agent) => ({
    agent,
    runs: total(runs.get(agent)),
    failed_runs: total(runs.get(agent), 'outcome', 'failed'),
    mean_ms: meanMs(times.get(agent)),
    failures: total(failures.get(agent)),
    model_calls: total(models.get(agent)),
    tool_calls: total(tools.get(agent)),
    input_tokens: total(tokens.get(agent), 'kind', 'input'),
    output_tokens: total(tokens.get(agent), 'kind', 'output'),
  }));
  return summaries.toSorted((a, b) => b.runs - a.runs);
}

function toolsOf(by: By): MetricsReport['tools'] {
  const calls = by('tool', 'tool_calls_total');
  const times = by('tool', 'tool_duration_seconds');
  const summaries = [...calls].map(([tool, own]) => ({
    tool,
    calls: total(own),
    failed: total(own, 'outcome', 'failed') + total(own, 'outcome', 'timeout'),
    denied: total(own, 'outcome', 'denied'),
    mean_ms: meanMs(times.get(tool)),
  }));
  return summaries.toSorted((a, b) => b.calls - a.calls);
}

function groupBy(samples: readonly Sample[], label: string): Groups {
  return Map.groupBy(samples, ({ labels }) => String(labels[label] ?? ''));
}

/** Of all, or of those whose label has a value. */
function total(samples: readonly Sample[] = [], label?: string, value?: string): number {
  return samples.reduce(
    (sum, each) => (label === undefined || each.labels[label] === value ? sum + each.value : sum),
    0,
  );
}

function meanMs(samples: readonly Sample[] = []): number | null {
  const end = (suffix: string) => total(samples.filter(({ name }) => name.endsWith(suffix)));
  const count = end('_count');
  return count === 0 ? null : Math.round((end('_sum') / count) * 1e6) / 1000;
}
