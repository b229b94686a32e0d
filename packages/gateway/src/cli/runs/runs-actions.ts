import { setTimeout as wait } from 'node:timers/promises';
import { errorsAnswer } from '../../protocol/admin/errors-answer.ts';
import {
  type RunDetail,
  type RunInfo,
  runAnswer,
  runsAnswer,
  type ShownStep,
} from '../../protocol/admin/runs-answer.ts';
import { pageSize } from '../../protocol/pages.ts';
import { findAgent, noSuchAgent } from '../agents/find-agent.ts';
import { connectGateway, type GatewayClient } from '../agents/gateway-client.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { findKey } from '../security/find-key.ts';
import { showFinding } from '../show-findings.ts';
import { count, table, toSecond } from '../text-layout.ts';
import { shownDollars } from './dollars.ts';
import { type Key, readKeys } from './known-keys.ts';
import { shownDuration, stepLine } from './waterfall.ts';

/** How long a gateway may take to tell what it knows. */
const readTimeoutMs = 15_000;

/** How often what is new is asked for. */
const followEveryMs = 500;

/** Filters of `dropgate runs list`. `since` is ISO 8601. */
export type ListOptions = {
  readonly agent?: string;
  readonly key?: string;
  readonly user?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly since?: string;
  readonly request?: string;
  readonly limit: number;
  readonly json?: true;
};

/** `dropgate runs list`: which runs there were, newest first. */
export async function listRuns(context: CommandContext, options: ListOptions): Promise<number> {
  const { terminal, projectRoot } = context;
  const { json, request: request_id, agent: namedAgent, key: namedKey, ...filters } = options;
  const gateway = await connectGateway(projectRoot);
  const keys = json && namedKey === undefined ? [] : await readKeys(gateway);
  const agent = namedAgent === undefined ? undefined : await findAgent(gateway, namedAgent);
  const answer = await gateway({
    method: 'GET',
    path: '/admin/runs',
    answer: runsAnswer,
    query: { ...filters, request_id, agent: agent?.id, key: namedKey && keyId(keys, namedKey) },
    timeoutMs: readTimeoutMs,
  });
  // Runs of an agent that is gone are kept, so only where there are none the name may be wrong.
  if (answer.runs.length === 0 && agent?.isKnown === false)
    throw noSuchAgent(String(namedAgent), agent.near);
  if (json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  if (answer.runs.length === 0) {
    terminal.note('No run in the journal fits.');
    return exitCodes.done;
  }
  const names = new Map(keys.map(({ id, name }) => [id, name]));
  const rows = answer.runs.map((run) => [
    run.id,
    toSecond(run.started_at),
    run.agent_id,
    run.code === null ? run.outcome : `${run.outcome} (${run.code})`,
    run.duration_ms === null ? '-' : shownDuration(run.duration_ms),
    run.usage === null ? '-' : `${run.usage.input_tokens} → ${run.usage.output_tokens}`,
    shownDollars(run),
    names.get(run.key_id) ?? run.key_id,
  ]);
  const head = ['RUN', 'BEGAN', 'AGENT', 'OUTCOME', 'TOOK', 'TOKENS', 'COST', 'KEY'];
  for (const line of table([head, ...rows])) terminal.line(line);
  if (answer.next !== null) terminal.note('There are more: raise --limit, or filter.');
  return exitCodes.done;
}

/** What is no key that is kept: commands such as `dropgate runs replay`, and callers with a token. */
const keptNowhere = /^(local_cli$|oidc:)/;

function keyId(keys: readonly Key[], named: string): string {
  if (keptNowhere.test(named)) return named;
  return findKey(
    keys.map(({ id, name, revoked_at }) => ({
      id,
      name,
      revokedAtSeconds: revoked_at === null ? null : Date.parse(revoked_at) / 1000,
    })),
    named,
  ).id;
}

export type ShowOptions = {
  readonly contents?: true;
  readonly follow?: true;
  readonly json?: true;
};

/** `dropgate runs show`: what a run did, step by step. */
export async function showRun(
  context: CommandContext,
  runId: string,
  options: ShowOptions,
): Promise<number> {
  const gateway = await connectGateway(context.projectRoot);
  const ask = (from: number) => readSteps(gateway, runId, { from, contents: options.contents });
  let detail = await ask(0);
  if (options.json) {
    context.terminal.json({ run: detail.run, steps: detail.steps });
    return exitCodes.done;
  }
  showHead(context, detail.run);
  // Some are told of later than what came after them.
  const steps = options.follow ? detail.steps : detail.steps.toSorted((a, b) => a.at_ms - b.at_ms);
  for (const step of steps) showStep(context, step, detail.run);
  if (options.follow) detail = await follow(context, detail, ask);
  if (options.contents && detail.run.recorded !== 'contents')
    context.terminal.note(
      'This run was recorded without contents. `runs.record: contents` in gateway.yaml keeps those of later runs.',
    );
  showEnd(context, detail.run);
  if (detail.run.outcome === 'failed') await showError(context, gateway, detail.run);
  return exitCodes.done;
}

type Ask = (from: number) => Promise<RunDetail>;

async function follow(context: CommandContext, first: RunDetail, ask: Ask): Promise<RunDetail> {
  const stop = new AbortController();
  void context.untilStopped().then(() => stop.abort());
  let detail = first;
  let shown = first.steps.length;
  while (detail.run.outcome === 'running' && !stop.signal.aborted) {
    await wait(followEveryMs, undefined, { signal: stop.signal }).catch(() => undefined);
    detail = await ask(shown);
    for (const step of detail.steps) showStep(context, step, detail.run);
    shown += detail.steps.length;
  }
  return detail;
}

/** All pages from a step on. */
async function readSteps(
  gateway: GatewayClient,
  runId: string,
  { from, contents }: { readonly from: number; readonly contents: true | undefined },
): Promise<RunDetail> {
  const steps: ShownStep[] = [];
  for (let at: number | null = from; ; ) {
    const page: RunDetail = await gateway({
      method: 'GET',
      path: `/admin/runs/${encodeURIComponent(runId)}`,
      answer: runAnswer,
      query: { from: at, contents: contents ? 'true' : undefined },
      timeoutMs: readTimeoutMs,
    });
    steps.push(...page.steps);
    at = page.next;
    if (at === null) return { ...page, steps };
  }
}

function showHead({ terminal }: CommandContext, run: RunInfo): void {
  terminal.line(`${run.id}  ${run.agent_id}, generation ${run.generation}`);
  const about = `began ${run.started_at}, request ${run.request_id}, key ${run.key_id}`;
  terminal.line(terminal.styled('dim', about));
  if (run.resumes) terminal.line(terminal.styled('dim', `goes on with ${run.resumes}`));
  if (run.replay_of)
    terminal.line(terminal.styled('dim', `follows the record of ${run.replay_of}`));
  terminal.line('');
}

function showStep({ terminal }: CommandContext, step: ShownStep, run: RunInfo): void {
  terminal.line(stepLine(step, run.duration_ms));
  for (const [part, text] of Object.entries(step.contents ?? {})) {
    terminal.line(terminal.styled('dim', `      ${part}:`));
    for (const line of text.split('\n')) terminal.line(`        ${line}`.trimEnd());
  }
}

function showEnd({ terminal }: CommandContext, run: RunInfo) {
  const { outcome, code, duration_ms, usage } = run;
  const took = duration_ms === null ? '' : ` after ${shownDuration(duration_ms)}`;
  const tokens =
    usage === null
      ? ''
      : `, ${count(usage.requests, 'model call')}, ${usage.input_tokens} tokens in, ${usage.output_tokens} out, cost ${shownDollars(run)}`;
  terminal.line('');
  terminal.line(`${outcome}${code === null ? '' : ` (${code})`}${took}${tokens}`);
}

/** What is wrong with the agent as it was seen in this run last, with the place in its file. */
async function showError(
  { terminal, projectRoot }: CommandContext,
  gateway: GatewayClient,
  run: RunInfo,
): Promise<void> {
  const { errors } = await gateway({
    method: 'GET',
    path: '/admin/agents/errors',
    answer: errorsAnswer,
    query: { agent: run.agent_id, limit: pageSize.most },
    timeoutMs: readTimeoutMs,
  });
  for (const error of errors) {
    if (error.run_id !== run.id) continue;
    terminal.line('');
    showFinding(terminal, error, projectRoot);
  }
}
