import { createServer, type HttpServer } from '../http/server.ts';
import { createReadJournal } from '../observability/journal/read-journal.ts';
import { createReadUsage } from '../observability/usage/read-usage.ts';
import { principalOf } from '../policy/authorize.ts';
import { createIdentify } from '../policy/keys/identify.ts';
import { createLimitChecks } from '../policy/limits/limit-checks.ts';
import type { Caller } from '../protocol/policy.ts';
import { createErasures } from '../runs/turns/erasures.ts';
import { shareNext } from '../system/share-next.ts';
import { createUpstreamStatus } from '../upstreams/upstream-status.ts';
import type { Parts } from './agent-processes.ts';
import { createConsole } from './console/console.ts';
import type { Domain } from './domain.ts';
import { createAcknowledgeErrors } from './live/acknowledge-errors.ts';
import { createLiveReads } from './live/live-reads.ts';
import { createReplays } from './replay/replays.ts';
import { createSecurityAdministration } from './security-administration.ts';
import { createDataAdministration } from './state/data.ts';
import { createTurns } from './state/turns.ts';
import { createToolsAdministration } from './tools/tools-administration.ts';

/** The HTTP side, joined with what its routes read and do. */
export function createHttp(parts: Parts, domain: Domain): HttpServer {
  const { config, readiness, observers, emit } = parts;
  const { diagnostics } = observers;
  const { bodyLimitMb, corsOrigins, trustProxy } = config.server;
  const erasures = createErasures();
  return createServer({
    authenticate: createIdentify(parts),
    users: parts.users,
    limits: createLimitChecks(parts),
    startRun: domain.startRun,
    countInput: domain.countInput,
    listModels: async (caller) => {
      await readiness.done;
      return domain.models(caller);
    },
    mayAdminister: mayAdministerBy(domain),
    admin: {
      agents: domain.agentPage,
      errors: diagnostics.query,
      acknowledgeErrors: createAcknowledgeErrors({
        diagnostics,
        persist: observers.persistDiagnostics,
        emit,
      }),
      refresh: domain.refresh,
      upstreams: upstreamStatusOf(parts, domain),
      ...createRunReads(parts, domain),
      runAgain: createReplays(parts, domain),
      data: createDataAdministration(parts, domain, erasures),
    },
    turns: {
      ...createTurns(parts, { erasures, approvals: domain.approvals }),
      sessionAgent: domain.sessionAgent,
    },
    askOnce: domain.idempotency.askOnce,
    approvals: domain.approvals,
    rollback: domain.rollback,
    tools: createToolsAdministration(parts, domain.toolUsers, {
      authorize: domain.authorize,
      syncModules: () => domain.toolRegistry.sync({ force: false }),
    }),
    security: createSecurityAdministration(parts, domain.knownAgents),
    console: createConsole(parts),
    // Whoever asks while they are written gets those that are written next.
    metrics: {
      exposition: shareNext(observers.metrics.exposition),
      report: shareNext(async () => JSON.stringify(await observers.metrics.report())),
    },
    live: createLiveReads(parts, domain),
    readiness: () => ({ status: parts.shutdownDelay.tell(), waitingFor: readiness.waitingFor() }),
    unread: parts.unread,
    emit,
    settings: {
      bodyLimitBytes: bodyLimitMb * 1024 * 1024,
      corsOrigins,
      trustProxy,
      version: parts.ownPackage.version,
    },
  });
}

function mayAdministerBy({ authorize }: Pick<Domain, 'authorize'>) {
  return (caller: Caller, resource: string): boolean => {
    const question = { principal: principalOf(caller), action: 'administer', resource } as const;
    return authorize(question, caller.requestId).answer === 'allow';
  };
}

function upstreamStatusOf(parts: Parts, domain: Domain) {
  return createUpstreamStatus({
    current: parts.upstreams.current,
    health: parts.health,
    listingOf: parts.modelLists.of,
    users: domain.upstreamUsers,
    redact: parts.secrets.own.text,
  });
}

/** What runs did and used, as far as rules let a viewer read it. */
function createRunReads({ store, kept, observers }: Parts, { allows, authorize }: Domain) {
  const readRuns = (viewer: Caller, agentId: string) =>
    ({ principal: principalOf(viewer), action: 'read_runs', resource: agentId }) as const;
  const mayRead = (viewer: Caller, agentId: string) => allows(readRuns(viewer, agentId));
  return {
    usage: createReadUsage({
      store: kept.usage,
      keys: store.keys,
      flush: observers.usage.flush,
      mayRead,
    }),
    runs: createReadJournal({
      store: kept.journal,
      flush: observers.journal.flush,
      mayRead,
      mayReadContents: (viewer, agentId) =>
        authorize(readRuns(viewer, agentId), viewer.requestId).answer === 'allow',
    }),
  };
}
