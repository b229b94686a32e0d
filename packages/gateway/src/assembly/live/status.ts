import type { GatewayStatus, StatusCheck } from '../../protocol/admin/status-answer.ts';
import { cpuMs } from '../../system/processes.ts';
import { shareNext } from '../../system/share-next.ts';
import { breakerStatesOf } from '../../upstreams/health/breaker-states.ts';
import { endOf, type Retirement } from '../../upstreams/models/retirements.ts';
import type { Parts } from '../agent-processes.ts';
import type { Domain } from '../domain.ts';
import { statusChecks } from './status-checks.ts';

/** How long what was found of retiring models is told without looking again: days change no faster. */
const RETIREMENTS_FOR_MS = 600_000;

const MIB = 2 ** 20;

/** Tells how this gateway is now; whoever asks meanwhile gets the next one. */
export function createStatus(parts: Parts, domain: Domain): () => Promise<GatewayStatus> {
  const retirements = createRetirementReads(parts);
  return shareNext(async () => {
    const found = retirements();
    const workers = parts.pool.workers();
    return {
      gateway: gatewayStatus(parts),
      runs: {
        active: workers.reduce((sum, { activeRuns }) => sum + activeRuns, 0),
        waiting: domain.agents().reduce((sum, { waiting_runs }) => sum + waiting_runs, 0),
      },
      workers: workers.map((worker) => ({
        pid: worker.pid,
        agent_id: worker.agentId,
        generation: worker.generation,
        state: worker.state,
        active_runs: worker.activeRuns,
        rss_mb: worker.rssMb,
        cpu_ms: cpuMs(worker.pid),
        lag_ms: worker.lagMs,
        started_at: isoOf(worker.startedAtSeconds * 1000),
      })),
      store: {
        kind: parts.config.storeUrl.startsWith('sqlite:') ? 'sqlite' : 'postgres',
        shared: parts.store.isShared,
        away_ms: Math.round(parts.followStore.awayForMs()),
      },
      upstreams: breakerStatesOf(parts.upstreams.current(), parts.health).map(
        ({ name, state }) => ({ name, breaker: state }),
      ),
      retirements: found?.map(toJson) ?? null,
      checks: [...(await statusChecks(parts, domain)), ...(found ?? []).map(modelCheck)],
    };
  });
}

function gatewayStatus({ ownPackage, observers, readiness, lifetime }: Parts) {
  const memory = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    version: ownPackage.version,
    node: process.version,
    pid: process.pid,
    life: observers.liveEvents.life,
    started_at: isoOf(Date.now() - process.uptime() * 1000),
    status: lifetime.signal.aborted ? ('draining' as const) : readiness.state(),
    waiting_for: [...readiness.waitingFor()],
    rss_mb: Math.round(memory.rss / MIB),
    heap_mb: Math.round(memory.heapUsed / MIB),
    cpu_ms: Math.round((user + system) / 1000),
  };
}

/** What was found last; looking takes as long as upstreams take to list their models, so nobody waits for it. */
function createRetirementReads({ retirementWarnings, emit }: Parts) {
  let found: readonly Retirement[] | null = null;
  let untilMs = 0;
  return () => {
    if (performance.now() >= untilMs) {
      untilMs = performance.now() + RETIREMENTS_FOR_MS;
      retirementWarnings.find().then(
        (all) => {
          found = all;
        },
        (error: unknown) => {
          untilMs = 0;
          emit({ type: 'fault_survived', where: 'model retirements', error });
        },
      );
    }
    return found;
  };
}

function toJson({ upstream, model, endsOn, daysLeft, agents, keys }: Retirement) {
  return { upstream, model, ends_on: endsOn, days_left: daysLeft, agents, keys };
}

function modelCheck(retirement: Retirement): StatusCheck {
  const { model, upstream, agents } = retirement;
  return {
    name: 'model',
    state: 'warn',
    found: `${model} of ${upstream} ${endOf(retirement)}; used by ${agents.join(', ')}`,
    fix: `Name another model there, or an alias in upstreams.${upstream}.model_aliases.`,
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
