import { join } from 'node:path';
import { z } from 'zod';
import { errorsAnswer } from '../../protocol/admin/errors-answer.ts';
import { type MetricsReport, metricsAnswer } from '../../protocol/admin/metrics-answer.ts';
import { type RunPage, runsAnswer } from '../../protocol/admin/runs-answer.ts';
import { pageSize } from '../../protocol/pages.ts';
import { overridesAnswer } from '../../protocol/security/answers.ts';
import { readRunningGateway } from '../../storage/running-gateway.ts';
import { askAgents } from '../agents/ask-agents.ts';
import { connectGateway, type GatewayClient } from '../agents/gateway-client.ts';
import { CommandError } from '../command.ts';
import { type Key, readKeys } from '../runs/known-keys.ts';
import { askUpstreams, stateOf } from './upstreams-actions.ts';

const readTimeoutMs = 15_000;

/** How long what the store has is waited for: where it is away, the rest is wanted all the more. */
const storeTimeoutMs = 5000;

/** So many of the last errors are told. */
const SHOWN_ERRORS = 5;

const MINUTE_MS = 60_000;

const readinessAnswer = z.object({
  status: z.string(),
  waiting_for: z.array(z.string()).optional(),
});

/** What `dropgate status` tells, in its `--json` too. */
export type GatewayStatus = ReturnType<typeof statusOf>;

/**
 * Asks the gateway that runs on a project for everything that an operator looks at first.
 *
 * @throws CommandError where none runs, or it cannot be asked.
 */
export async function gatherStatus(projectRoot: string): Promise<GatewayStatus> {
  const gateway = await connectGateway(projectRoot);
  const running = await readRunningGateway(join(projectRoot, '.dropgate'));
  return statusOf({ running, ...(await askAll(gateway)) });
}

async function askAll(gateway: GatewayClient) {
  const get = <Answer extends z.ZodType>(
    path: string,
    answer: Answer,
    query: Readonly<Record<string, string | number>> = {},
    timeoutMs = readTimeoutMs,
  ) => gateway({ method: 'GET', path, answer, query, timeoutMs });
  const since = new Date(Date.now() - MINUTE_MS).toISOString();
  const [ready, agents, upstreams, metrics, late, errors, open, keys] = await Promise.all([
    gateway({
      method: 'GET',
      path: '/readyz',
      answer: readinessAnswer,
      accepted: [200, 503],
      timeoutMs: readTimeoutMs,
    }),
    askAgents(gateway),
    askUpstreams(gateway),
    get('/admin/metrics', metricsAnswer),
    orWhy(get('/admin/runs', runsAnswer, { since, limit: pageSize.most }, storeTimeoutMs)),
    get('/admin/agents/errors', errorsAnswer, { severity: 'error', limit: SHOWN_ERRORS }),
    orWhy(get('/security/overrides', overridesAnswer, openOverrides, storeTimeoutMs)),
    orWhy(readKeys(gateway)),
  ]);
  return { ready, agents, upstreams, metrics, late, errors: errors.errors, open, keys };
}

const openOverrides = { active: 'true', limit: pageSize.most } as const;

/** Why it could not be read, in place of what was asked for. */
function orWhy<Answer>(asked: Promise<Answer>): Promise<Answer | CommandError> {
  return asked.catch((error: unknown) => {
    if (error instanceof CommandError) return error;
    throw error;
  });
}

type Asked = Awaited<ReturnType<typeof askAll>> & {
  readonly running: Awaited<ReturnType<typeof readRunningGateway>>;
};

function statusOf({ running, ready, agents, upstreams, late, open, keys, ...asked }: Asked) {
  const unread = [late, open].find((each) => each instanceof CommandError);
  return {
    gateway: {
      address: running?.address ?? null,
      pid: running?.pid ?? null,
      status: ready.status,
      waiting_for: ready.waiting_for ?? [],
    },
    agents: agents.map(({ id, status, generation, model }) => ({
      id,
      status,
      generation,
      model: model?.name ?? null,
    })),
    upstreams: upstreams.map((each) => ({
      name: each.name,
      state: stateOf(each),
      problem: each.problem,
      is_used: each.is_default || each.used_by.length > 0,
    })),
    ...measuredIn(asked.metrics, late instanceof CommandError ? null : late.runs, keysIn(keys)),
    /** Null where the store could not be asked. */
    overrides: overridesIn(open),
    /** Why the store could not be asked. */
    store_problem: unread?.message ?? null,
    last_errors: asked.errors,
  };
}

function overridesIn(open: Asked['open']) {
  if (open instanceof CommandError) return null;
  return open.overrides.map(({ id, effect, principal, action, resource, expires_at }) => ({
    id,
    effect,
    principal,
    action,
    resource,
    expires_at,
  }));
}

/** Without their names budgets are told by the ids of keys. */
function keysIn(keys: Asked['keys']): readonly Key[] {
  return keys instanceof CommandError ? [] : keys;
}

function measuredIn(
  { metrics }: MetricsReport,
  late: RunPage['runs'] | null,
  keys: readonly Key[],
) {
  const names = new Map(keys.map(({ id, name }) => [id, name]));
  const samples = (name: string) => metrics.find((metric) => metric.name === name)?.samples ?? [];
  const leftOf = (unit: 'tokens' | 'usd') =>
    samples(`dropgate_budget_left_${unit}`).map(({ labels, value }) => ({
      key: String(labels.key),
      key_name: names.get(String(labels.key)) ?? null,
      period: String(labels.period),
      tokens_left: unit === 'tokens' ? value : null,
      usd_left: unit === 'usd' ? value : null,
    }));
  return {
    workers: Object.fromEntries(
      samples('dropgate_workers').map(({ labels, value }) => [String(labels.state), value]),
    ),
    runs: {
      active: samples('dropgate_runs_active')[0]?.value ?? 0,
      waiting: samples('dropgate_runs_queued')[0]?.value ?? 0,
      /** Of those that are kept; 1000 at most. Null where the store could not be asked. */
      last_minute: late?.length ?? null,
      last_minute_failed: late?.filter(({ outcome }) => outcome === 'failed').length ?? null,
    },
    budgets: [...leftOf('tokens'), ...leftOf('usd')],
  };
}

/** What of it is wrong now, each in a sentence; empty where all is well. */
export function problemsIn(status: GatewayStatus): string[] {
  const { gateway, agents, upstreams, budgets, store_problem: unread } = status;
  const waiting = gateway.waiting_for.join(', ');
  return [
    ...(gateway.status === 'ready'
      ? []
      : [`The gateway is ${gateway.status}${waiting ? `, and waits for ${waiting}` : ''}.`]),
    ...agents
      .filter(({ status }) => status === 'failed' || status === 'degraded')
      .map(({ id, status }) => `${notWell(id, status)}: \`dropgate agents errors --agent ${id}\`.`),
    ...upstreams
      .filter(({ state, is_used }) => state !== 'ok' && is_used)
      .map(
        ({ name, state }) =>
          `Upstream ${name} is not well (${state}): \`dropgate upstreams list\`.`,
      ),
    ...budgets
      .filter(({ tokens_left, usd_left }) => Number(tokens_left ?? usd_left) <= 0)
      .map(
        ({ key, key_name, period, usd_left }) =>
          `Key ${key_name ?? key} has used its ${usd_left === null ? 'tokens' : 'money'} of the ${period}.`,
      ),
    ...(unread === null ? [] : [`Runs or overrides could not be read. ${unread}`]),
  ];
}

function notWell(id: string, status: string): string {
  return status === 'failed'
    ? `Agent ${id} could not be loaded and is not served`
    : `Agent ${id} serves, but its newest version does not load or its process keeps dying`;
}
