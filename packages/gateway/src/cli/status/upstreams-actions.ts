import { type UpstreamStatus, upstreamsAnswer } from '../../protocol/admin/upstreams-answer.ts';
import { connectGateway, type GatewayClient } from '../agents/gateway-client.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { table } from '../text-layout.ts';

/** Each upstream is asked for its models meanwhile, for 5 s at most. */
const readTimeoutMs = 30_000;

/** `dropgate upstreams list`: how each is, who uses it, and which of its models end. */
export async function listUpstreams(
  { terminal, projectRoot }: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const upstreams = await askUpstreams(await connectGateway(projectRoot));
  if (options.json) {
    terminal.json({ upstreams });
    return exitCodes.done;
  }
  const head = ['UPSTREAM', 'API', 'STATE', 'P50', 'P95', 'AGENTS', 'MODELS', 'ADDRESS'];
  const rows = upstreams.map((upstream) => [
    upstream.is_default ? `${upstream.name} *` : upstream.name,
    upstream.api,
    stateOf(upstream),
    ms(upstream.latency_ms?.p50),
    ms(upstream.latency_ms?.p95),
    String(upstream.used_by.length),
    upstream.models === null ? '-' : String(upstream.models.length),
    upstream.base_url ?? '-',
  ]);
  for (const line of table([head, ...rows])) terminal.line(line);
  for (const upstream of upstreams) {
    for (const note of notesOn(upstream)) terminal.note(`${upstream.name}: ${note}`);
  }
  return exitCodes.done;
}

/** The upstreams of a running gateway. */
export async function askUpstreams(gateway: GatewayClient): Promise<readonly UpstreamStatus[]> {
  const { upstreams } = await gateway({
    method: 'GET',
    path: '/admin/upstreams',
    answer: upstreamsAnswer,
    timeoutMs: readTimeoutMs,
  });
  return upstreams;
}

/** In a word or two. */
export function stateOf({ reachable, problem, breaker }: UpstreamStatus): string {
  if (breaker.state === 'open') return 'left alone';
  if (breaker.state === 'half_open') return 'tried again';
  if (!reachable) return 'unreachable';
  return problem === null ? 'ok' : 'problem';
}

function notesOn(upstream: UpstreamStatus) {
  const { problem, breaker, fallback, last_error: last, models } = upstream;
  const meanwhile = fallback === null ? 'its calls fail at once' : `${fallback} answers`;
  const ending = (models ?? []).filter(({ shutdown_date: date }) => date !== null);
  return [
    problem,
    breaker.state === 'closed'
      ? null
      : `${breaker.failures_in_row} calls in a row failed; until it answers again, ${meanwhile}. It is tried from ${breaker.retry_at}.`,
    ...upstream.limited_models.map(
      ({ model, until }) => `too many calls of ${model} until ${until}`,
    ),
    last && `last error at ${last.at}: ${last.message}`,
    ending.length === 0
      ? null
      : `models that end: ${ending.map((model) => `${model.id} (${model.shutdown_date})`).join(', ')}`,
  ].filter((note) => note !== null);
}

function ms(value: number | undefined): string {
  return value === undefined ? '-' : `${value} ms`;
}
