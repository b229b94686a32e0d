import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { logFields } from '../../packages/gateway/src/observability/log/log-fields.ts';
import { createMetricSet } from '../../packages/gateway/src/observability/metrics/metric-set.ts';
import { spanAttributes } from '../../packages/gateway/src/observability/traces/attributes.ts';
import { runsAnswer } from '../../packages/gateway/src/protocol/admin/runs-answer.ts';
import { stepSchema } from '../../packages/gateway/src/protocol/journal/steps.ts';
import { workspaceRoot } from '../source-files.ts';
import { code, table } from './markdown.ts';

/** What stands between two marks of the page, by the name in them. */
const sections: Readonly<Record<string, () => string | Promise<string>>> = {
  'log fields': () => namesTable('Field', logFields),
  metrics: metricsTable,
  'span attributes': () => namesTable('Attribute', spanAttributes),
  runs: () => fieldsTable(schemaOf(runsAnswer.shape.runs.element)),
  steps: stepTables,
};

/**
 * `docs/systems/observability.md` as it is, with its tables written anew between their marks.
 *
 * @throws Error where a mark is missing.
 */
export async function observabilityPage(): Promise<string> {
  let text = readFileSync(join(workspaceRoot, 'docs/systems/observability.md'), 'utf8');
  for (const [name, write] of Object.entries(sections)) {
    const begin = `<!-- Table of ${name}: written by scripts/generate-docs.ts -->\n`;
    const end = `<!-- End of the table of ${name} -->`;
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`The page on observability lacks the mark ${begin}`);
    text = `${text.slice(0, from)}${begin}\n${await write()}\n${text.slice(to)}`;
  }
  return text;
}

/** Names of all metrics, as Prometheus shows them; those that Node’s own are shown as come after. */
async function metricNames(): Promise<readonly Metric[]> {
  const set = createMetricSet({
    workers: () => [],
    unreadBytes: () => 0,
    budgetsLeft: async () => [],
    upstreams: () => [],
  });
  const metrics = set.registry.getMetricsAsArray() as unknown as readonly Metric[];
  return metrics.map(({ name, help, type, labelNames = [] }) => ({ name, help, type, labelNames }));
}

/** A metric of the gateway. */
type Metric = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames?: readonly string[];
};

async function metricsTable(): Promise<string> {
  const rows = (await metricNames()).map(({ name, type, labelNames = [], help }) => [
    code(name),
    type,
    labelNames.map(code).join(', '),
    help,
  ]);
  return table(['Metric', 'Type', 'Labels', 'Meaning'], rows);
}

function namesTable(head: string, names: Readonly<Record<string, string>>): string {
  const rows = Object.entries(names).map(([name, meaning]) => [code(name), meaning]);
  return table([head, 'Meaning'], rows);
}

/** The part of JSON Schema that zod writes for what is shown. */
type Schema = {
  readonly const?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly description?: string;
};

function schemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { unrepresentable: 'any' }) as Schema;
}

function fieldsTable({ properties = {} }: Schema): string {
  const rows = Object.entries(properties).map(([name, { description = '' }]) => [
    code(name),
    description,
  ]);
  return table(['Field', 'Meaning'], rows);
}

function stepTables(): string {
  const kinds = schemaOf(stepSchema).oneOf ?? [];
  const rows = kinds.map(({ properties = {} }) => {
    const { kind, step: _, at_ms: _at, duration_ms: _duration, ...own } = properties;
    const fields = Object.keys(own).map(code).join(', ');
    return [code(String(kind?.const)), fields];
  });
  return table(['Kind', 'Fields beside `step`, `at_ms` and `duration_ms`'], rows);
}
