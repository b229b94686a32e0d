import { setTimeout as wait } from 'node:timers/promises';
import { type DiagnosticPage, errorsAnswer } from '../../protocol/admin/errors-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { pageSize } from '../../protocol/pages.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { showFinding } from '../show-findings.ts';
import { count } from '../text-layout.ts';
import { findAgent, noSuchAgent } from './find-agent.ts';
import { connectGateway, type GatewayClient } from './gateway-client.ts';

/** How long a gateway may take to tell what it knows. */
const readTimeoutMs = 15_000;

/** How often what is new is asked for. */
const followEveryMs = 1000;

/** Filters of `dropgate agents errors`. `since` is ISO 8601. */
export type ErrorsOptions = {
  readonly agent?: string;
  readonly stage?: string;
  readonly severity?: string;
  readonly since?: string;
  readonly limit: number;
  readonly follow?: true;
  readonly json?: true;
};

/** `dropgate agents errors`: what is wrong, newest first; with `--follow` oldest first, and what comes until it is stopped. */
export async function listErrors(context: CommandContext, options: ErrorsOptions): Promise<number> {
  const { terminal, projectRoot } = context;
  const { json, follow, agent: named, ...filters } = options;
  const gateway = await connectGateway(projectRoot);
  const agent = named === undefined ? undefined : await findAgent(gateway, named);
  const query: Filters = { ...filters, agent: agent?.id };
  if (follow) return followErrors(context, gateway, { query, json: json ?? false });
  const answer = await ask(gateway, query);
  const { errors, next } = answer;
  if (errors.length === 0 && agent?.isKnown === false) {
    throw noSuchAgent(String(named), agent.near);
  }
  if (json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  for (const error of errors) show(context, error);
  terminal.line(errors.length === 0 ? 'Nothing is wrong.' : `${count(errors.length, 'finding')}.`);
  if (errors.some(({ run_id }) => run_id !== undefined)) {
    terminal.note('What a run did, step by step: `dropgate runs show <run>`.');
  }
  if (next !== null) terminal.note('There are more: raise --limit, or filter.');
  return exitCodes.done;
}

type Filters = Readonly<Record<string, string | number | undefined>>;

function ask(gateway: GatewayClient, query: Filters): Promise<DiagnosticPage> {
  const path = '/admin/agents/errors';
  return gateway({ method: 'GET', path, answer: errorsAnswer, query, timeoutMs: readTimeoutMs });
}

function show({ terminal, projectRoot }: CommandContext, error: Diagnostic): void {
  showFinding(terminal, error, projectRoot);
  const times = error.count === 1 ? 'once' : `${error.count} times`;
  const run = error.run_id === undefined ? '' : `, in ${error.run_id}`;
  const seen = `${error.stage}/${error.code}, ${times}, last at ${error.last_seen}${run}`;
  terminal.line(terminal.styled('dim', `  ${seen}`));
  terminal.line('');
}

/** Shows each when it is new or seen again; as JSON one a line. What came until the stop is shown too. */
async function followErrors(
  context: CommandContext,
  gateway: GatewayClient,
  { query, json }: { readonly query: Filters; readonly json: boolean },
): Promise<number> {
  const stop = new AbortController();
  const shown = new Map<string, number>();
  let asked = query;
  void context.untilStopped().then(() => stop.abort());
  for (;;) {
    const isLast = stop.signal.aborted;
    const { errors } = await ask(gateway, asked);
    const fresh = errors.filter(({ id, count }) => shown.get(id) !== count);
    for (const error of fresh.toReversed()) {
      shown.set(error.id, error.count);
      if (json) context.terminal.line(JSON.stringify(error));
      else show(context, error);
    }
    const [newest] = errors;
    if (newest) asked = { ...query, since: newest.last_seen, limit: pageSize.most };
    if (isLast) return exitCodes.done;
    await wait(followEveryMs, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}
