import type { HttpServer } from '../http/server.ts';
import { createRetention, type Retention } from '../observability/retention.ts';
import { prepareForUser, workerUser } from '../pool/process/worker-user.ts';
import type { RefreshReport } from '../protocol/admin/refresh-answer.ts';
import { pageSize } from '../protocol/pages.ts';
import { announceGateway, withdrawGateway } from '../storage/running-gateway.ts';
import { hasProcess } from '../system/processes.ts';
import { describeUpstreams } from '../upstreams/upstream-catalog.ts';
import type { Parts } from './agent-processes.ts';
import { createConsoleLink } from './console/console.ts';
import type { Gateway } from './contract.ts';
import type { Domain } from './domain.ts';
import { createTestPlays } from './replay/replays.ts';
import { createTurnRetention } from './state/turn-retention.ts';

/** Starts the parts in the order they need each other, and ends them in the other. */
export function createLifecycle(parts: Parts, domain: Domain, server: HttpServer): Gateway {
  const { config, emit, known, broker, pool, observers, readiness } = parts;
  const retentions = retentionsOf(parts, domain);
  let closing: Promise<void> | null = null;
  let rulesKnown: Promise<void> | null = null;
  const knowRules = () => (rulesKnown ??= parts.policy.start());

  async function load(isWanted?: (agentId: string) => boolean): Promise<RefreshReport> {
    await knowRules();
    readiness.passed('store');
    await broker.start();
    readiness.passed('broker');
    await pool.start();
    parts.tools.start();
    await observers.persistDiagnostics.restore();
    await observers.journal.restore();
    await Promise.all([domain.files.start(), domain.toolRegistry.files.start()]);
    const looking = { force: false, leaveEdits: !config.watch };
    const agents = { ...looking, ...(isWanted && { isWanted }) };
    const [report] = await Promise.all([domain.sync(agents), domain.toolRegistry.sync(looking)]);
    return report;
  }

  async function start(): Promise<{ url: string }> {
    requireUser(parts);
    await known.start();
    await knowRules();
    await followRules(parts);
    for (const warnings of [parts.expiryWarnings, parts.retirementWarnings]) warnings.start();
    for (const retention of retentions) retention.begin();
    parts.tokens.start();
    const url = await listen(parts, server);
    readiness.begin(
      load().catch((error: unknown) => {
        if (parts.lifetime.signal.aborted) return;
        emit({ type: 'fault_survived', where: 'first load', error });
      }),
    );
    return { url };
  }

  return {
    load,
    start,
    whenLoaded: () => readiness.done,
    whenAllLoaded: () => readiness.loaded,
    agents: domain.agents,
    diagnostics: () => observers.diagnostics.query({ limit: pageSize.most }).errors,
    refresh: domain.refresh,
    upstreams: () => describeUpstreams(parts.upstreams.current()),
    keys: parts.keys,
    consoleLink: createConsoleLink(parts),
    ...createTestPlays(parts, domain, server),
    close(reason) {
      for (const retention of retentions) retention.end();
      closing ??= close(parts, { server, domain, reason });
      return closing;
    },
  };
}

function retentionsOf(parts: Parts, domain: Domain): readonly Retention[] {
  const { retention } = domain.idempotency;
  return [
    turnRetentionOf(parts),
    approvalRetentionOf(parts, domain),
    loginRetentionOf(parts),
    retention,
  ];
}

function turnRetentionOf({ store, live, emit }: Parts): Retention {
  return createTurnRetention({ store: store.turns, settings: () => live.current().state, emit });
}

/** What waits for persons ends in time, and what is over goes when conversations do. */
function approvalRetentionOf({ live, emit }: Parts, { approvals }: Domain): Retention {
  return createRetention({
    what: 'approvals',
    everyMs: APPROVAL_SWEEP_MS,
    nowMs: Date.now,
    keepDays: () => live.current().state.keepDays,
    prune: approvals.sweep,
    emit,
  });
}

/** Logins that are over go, so that no more of them lie in the store than count. */
function loginRetentionOf({ sessions, emit }: Parts): Retention {
  return createRetention({
    what: 'logins of the console',
    everyMs: LOGIN_SWEEP_MS,
    nowMs: Date.now,
    keepDays: () => 0,
    prune: sessions.sweep,
    emit,
  });
}

const APPROVAL_SWEEP_MS = 20_000;
const LOGIN_SWEEP_MS = 600_000;

/** Nothing answers before it is known that agents can run. */
function requireUser({ config, stateFolder }: Parts): void {
  const user = workerUser(config.worker);
  if (user) prepareForUser(stateFolder, user);
}

async function listen(
  { config, stateFolder, localToken, emit }: Parts,
  server: HttpServer,
): Promise<string> {
  const url = await server.listen(config.server);
  const { pid } = process;
  await announceGateway(stateFolder, { pid, address: url, token: localToken });
  emit({ type: 'gateway_started', url, pid });
  return url;
}

/** Another gateway on this store that took new rules asks the others to read theirs again. */
async function followRules({ followStore, reloadSettings, emit }: Parts): Promise<void> {
  let isFirst = true;
  await followStore.follow('rules', async () => {
    if (!isFirst) {
      // Wrong settings here are no sign that the store is away, after which no key would serve any more.
      await reloadSettings().catch((error: unknown) => {
        emit({ type: 'fault_survived', where: 'reload', error });
      });
    }
    isFirst = false;
  });
}

/** Says that it leaves, and then, last in, first out: callers, then runs and processes, then what they stood on. */
async function close(
  parts: Parts,
  { server, domain, reason }: { server: HttpServer; domain: Domain; reason: string },
): Promise<void> {
  const { config, emit, lifetime, pool, broker, observers, store, stateFolder } = parts;
  const { drainTimeoutMs } = config.worker;
  emit({ type: 'gateway_stopping', reason, closesInMs: parts.shutdownDelay.begin() });
  await parts.shutdownDelay.wait();
  lifetime.abort(new Error('The gateway is stopping.'));
  await Promise.all([domain.files.close(), domain.toolRegistry.files.close()]);
  await server.drain(drainTimeoutMs);
  await pool.close(drainTimeoutMs);
  await broker.close();
  await parts.closeTools();
  await parts.budgets.close();
  await parts.moneyBudgets.close();
  parts.expiryWarnings.close();
  parts.retirementWarnings.close();
  parts.policy.close();
  parts.followStore.close();
  await observers.persistDiagnostics.flush();
  await observers.keyUse.flush();
  await observers.journal.close();
  await observers.usage.close();
  await parts.traces.close();
  await observers.decisionLog.close();
  await store.close();
  await withdrawGateway(stateFolder, process.pid, hasProcess);
  await observers.log.close();
}
