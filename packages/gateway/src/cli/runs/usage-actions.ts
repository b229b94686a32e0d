import {
  type UsageAnswerRow,
  type UsagePage,
  usageAnswer,
} from '../../protocol/admin/usage-answer.ts';
import { pageSize } from '../../protocol/pages.ts';
import { usageCsv } from '../../protocol/usage/usage-csv.ts';
import { connectGateway, type GatewayClient } from '../agents/gateway-client.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { table } from '../text-layout.ts';
import { shownDollars } from './dollars.ts';

/** How long a gateway may take to tell what it knows. */
const readTimeoutMs = 60_000;

/** Options of `dropgate usage`. Times are ISO 8601. */
export type UsageOptions = {
  readonly by: string;
  readonly since?: string;
  readonly until?: string;
  readonly csv?: true;
  readonly json?: true;
};

/** `dropgate usage`: what was used, and what it cost. */
export async function showUsage(context: CommandContext, options: UsageOptions): Promise<number> {
  const { terminal, projectRoot } = context;
  const { csv, json, ...query } = options;
  const usage = await readAll(await connectGateway(projectRoot), query);
  if (json) terminal.json(usage);
  else if (csv) terminal.line(usageCsv(usage, 'with_head').trimEnd());
  else show(context, usage);
  return exitCodes.done;
}

type Usage = Omit<UsagePage, 'next'>;

async function readAll(
  gateway: GatewayClient,
  query: Pick<UsageOptions, 'by' | 'since' | 'until'>,
): Promise<Usage> {
  const rows: UsageAnswerRow[] = [];
  for (let after: string | undefined; ; ) {
    const page: UsagePage = await gateway({
      method: 'GET',
      path: '/admin/usage',
      answer: usageAnswer,
      query: { ...query, after, limit: pageSize.most },
      timeoutMs: readTimeoutMs,
    });
    rows.push(...page.rows);
    const { next, ...rest } = page;
    if (next === null) return { ...rest, rows };
    after = next;
  }
}

function show({ terminal }: CommandContext, { since, until, by, rows, totals, unpriced }: Usage) {
  if (rows.length === 0) {
    terminal.note(`Nothing was used from ${since} to ${until}.`);
    return;
  }
  const head = [...by.map((each) => each.toUpperCase()), ...countHeads];
  const lines = rows.map((row) => [
    ...by.map((each) => nameIn(row, each) || '-'),
    ...countsOf(row),
  ]);
  const sum = ['total', ...by.slice(1).map(() => ''), ...countsOf(totals)];
  for (const line of table([head, ...lines, sum])) terminal.line(line);
  if (unpriced.length === 0) return;
  const named = unpriced.map(({ upstream, model }) => `${model || 'no model'} at ${upstream}`);
  terminal.note(
    `Nobody knows a price of ${named.join(', ')}: what is marked + costs more. Give it one with \`upstreams.<name>.prices\` in gateway.yaml.`,
  );
}

function nameIn(row: UsageAnswerRow, by: Usage['by'][number]): string | undefined {
  return by === 'key' ? (row.key_name ?? row.key_id) : row[columns[by]];
}

const columns = {
  agent: 'agent_id',
  model: 'model',
  upstream: 'upstream',
  user: 'user',
  day: 'day',
} as const;

const countHeads = ['RUNS', 'CALLS', 'FAILED', 'TOKENS IN', 'CACHED', 'TOKENS OUT', 'COST'];

function countsOf(row: UsagePage['totals']): string[] {
  const { runs, model_calls, failed_calls, input_tokens, cached_input_tokens, output_tokens } = row;
  const counts = [
    runs,
    model_calls,
    failed_calls,
    input_tokens,
    cached_input_tokens,
    output_tokens,
  ];
  return [...counts.map((count) => (count === null ? '-' : String(count))), shownDollars(row)];
}
