import { performance } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from '@prometheus-io/client';
import { type BreakerState, breakerStates } from '../../protocol/admin/upstreams-answer.ts';
import { type WorkerInfo, workerStates } from '../../protocol/pool.ts';

/** They come from the settings, which have fewer. */
const MOST_UPSTREAMS = 100;

/** What metrics say of a worker. */
type WorkerMetrics = Pick<WorkerInfo, 'agentId' | 'state' | 'rssMb' | 'lagMs'>;

/** What is measured when somebody asks. */
export type Measured = {
  readonly workers: () => readonly WorkerMetrics[];
  readonly upstreams: () => readonly { readonly name: string; readonly state: BreakerState }[];
  /** What waits for readers. */
  readonly unreadBytes: () => number;
  /** Tokens, or thousand-millionths of a US dollar, that keys may still use. */
  readonly budgetsLeft: (of: 'tokens' | 'money') => Promise<readonly BudgetLeft[]>;
};

type BudgetLeft = { readonly keyId: string; readonly period: string; readonly left: number };

/** Gauges that are measured when somebody asks. */
export function addGauges(registry: Registry, measured: Measured): void {
  addWorkers(registry, measured);
  addProcess(registry, measured);
  addBudgets(registry, measured, { of: 'tokens', unit: 'tokens', what: 'Tokens', each: 1 });
  const money = { of: 'money', unit: 'usd', what: 'US dollars', each: 1_000_000_000 } as const;
  addBudgets(registry, measured, money);
  addUpstreams(registry, measured);
}

function addBudgets(
  registry: Registry,
  { budgetsLeft }: Measured,
  shown: {
    readonly of: 'tokens' | 'money';
    readonly unit: string;
    readonly what: string;
    readonly each: number;
  },
): void {
  const { of, unit, what, each } = shown;
  new Gauge({
    name: `dropgate_budget_left_${unit}`,
    help: `${what} that keys with a budget may still use, of 200 keys at most.`,
    registers: [registry],
    labelNames: ['key', 'period'],
    async collect() {
      const budgets = await budgetsLeft(of);
      this.reset();
      for (const { keyId, period, left } of budgets) this.set({ key: keyId, period }, left / each);
    },
  });
}

function addWorkers(registry: Registry, { workers }: Measured): void {
  const registers = [registry];
  new Gauge({
    name: 'dropgate_workers',
    help: 'Worker processes, by state.',
    registers,
    labelNames: ['state'],
    collect() {
      this.reset();
      for (const state of workerStates) {
        this.set({ state }, workers().filter((worker) => worker.state === state).length);
      }
    },
  });
  new Gauge({
    name: 'dropgate_worker_rss_bytes',
    help: 'Memory of workers, by agent.',
    registers,
    labelNames: ['agent'],
    collect() {
      this.reset();
      for (const { agentId, rssMb } of workers()) {
        this.inc({ agent: agentId ?? 'none' }, (rssMb ?? 0) * 2 ** 20);
      }
    },
  });
  new Gauge({
    name: 'dropgate_worker_loop_lag_seconds',
    help: 'How long the event loops of workers took to answer the last ping, the longest of each agent.',
    registers,
    labelNames: ['agent'],
    collect() {
      this.reset();
      const longest = new Map<string, number>();
      for (const { agentId, lagMs } of workers()) {
        const agent = agentId ?? 'none';
        longest.set(agent, Math.max(longest.get(agent) ?? 0, lagMs ?? 0));
      }
      for (const [agent, lagMs] of longest) this.set({ agent }, lagMs / 1000);
    },
  });
}

function addUpstreams(registry: Registry, { upstreams }: Measured): void {
  new Gauge({
    name: 'dropgate_upstream_state',
    help: 'Whether calls go to an upstream (closed), it is left alone (open), or may be tried by one (half_open): 1 for what holds.',
    registers: [registry],
    labelNames: ['upstream', 'state'],
    collect() {
      this.reset();
      for (const { name, state } of upstreams().slice(0, MOST_UPSTREAMS)) {
        for (const each of breakerStates) {
          this.set({ upstream: name, state: each }, Number(each === state));
        }
      }
    },
  });
}

function addProcess(registry: Registry, { unreadBytes }: Measured): void {
  const registers = [registry];
  let before = performance.eventLoopUtilization();
  new Gauge({
    name: 'dropgate_process_loop_utilization',
    help: 'Part of the time since the last look in which the event loop of the gateway was busy, 0 to 1.',
    registers,
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, before).utilization);
      before = now;
    },
  });
  new Gauge({
    name: 'dropgate_process_rss_bytes',
    help: 'Memory of the gateway itself.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'dropgate_unread_bytes',
    help: 'Answers that wait to be read, by workers and by callers.',
    registers,
    collect() {
      this.set(unreadBytes());
    },
  });
  new Counter({
    name: 'dropgate_process_cpu_seconds_total',
    help: 'CPU of the gateway itself.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}
