import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { type WorkerInfo, workerStates } from '../../protocol/pool.ts';
import { createBoundedSeries } from './bounded-series.ts';

/** Series per metric; what would be more is counted under `other`. */
const seriesLimit = 1000;

/** The same of a histogram, which has a series per bucket. */
const timedLimit = 200;

/** Seconds. From a cached answer to an agent that thinks for minutes. */
const runBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];
const toolBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120];
const requestBuckets = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120];

/** Functions that count and measure, one per metric, and the registry that shows what came of it. */
export type MetricSet = ReturnType<typeof createMetricSet>;

/** What metrics say of a worker. */
export type WorkerMetrics = Pick<WorkerInfo, 'agentId' | 'state' | 'rssMb'>;

/** What is measured when somebody asks. */
export type Measured = {
  readonly workers: () => readonly WorkerMetrics[];
  /** What waits for readers. */
  readonly unreadBytes: () => number;
};

/** Every metric of one gateway, in a registry of its own: two gateways in a process do not mix. */
export function createMetricSet(measured: Measured) {
  const registry = new Registry();
  const counter = createCounters(registry);
  const timer = createTimers(registry);
  const agents = { by: 'agent', buckets: runBuckets };
  const tools = { by: 'tool', buckets: toolBuckets };
  addGauges(registry, measured);
  return {
    registry,
    decisions: counter('security_decisions', 'Decisions of policy.', {
      fixed: ['action', 'effect', 'source'],
    }),
    failures: counter('failures', 'Failures of any stage.', { free: ['stage', 'code', 'agent'] }),
    toolCalls: counter('tool_calls', 'Tools that runs called.', {
      fixed: ['provenance', 'outcome'],
      free: ['tool', 'agent'],
    }),
    toolViolations: counter('tool_violations', 'Calls of tools that were not made.', {
      fixed: ['reason'],
      free: ['agent', 'tool'],
    }),
    toolCache: counter('tool_cache', 'Calls that the cache of a gateway tool was asked for.', {
      fixed: ['result'],
      free: ['tool'],
    }),
    runs: counter('runs', 'Runs that ended.', { fixed: ['outcome'], free: ['agent'] }),
    modelCalls: counter('model_calls', 'Model calls through the broker.', {
      fixed: ['outcome'],
      free: ['upstream', 'agent'],
    }),
    tokens: counter('tokens', 'Tokens of model calls, as upstreams told them.', {
      fixed: ['kind'],
      free: ['upstream', 'agent'],
    }),
    requests: counter('requests', 'Requests answered, by route.', {
      fixed: ['method', 'route', 'status'],
    }),
    loads: counter('agent_loads', 'Generations loaded.', { free: ['agent'] }),
    workerEnds: counter('worker_ends', 'Worker processes that ended.', {
      fixed: ['reason'],
      free: ['agent'],
    }),
    faults: counter('faults_survived', 'Errors that a part of the gateway stayed alive over.', {}),
    unreadRefused: counter('unread_refused', 'Answers ended because too much waits unread.', {
      fixed: ['kind'],
      free: ['agent'],
    }),
    runSeconds: timer('run_duration', 'Whole runs.', agents),
    toolSeconds: timer('tool_duration', 'Calls of tools.', tools),
    firstTextSeconds: timer('run_first_text', 'Runs until their first text.', agents),
    modelSeconds: timer('model_call_duration', 'Model calls.', { ...agents, by: 'upstream' }),
    requestSeconds: timer('request_duration', 'Requests, streams to their end.', {
      by: 'route',
      buckets: requestBuckets,
    }),
    activeRuns: activeRunsOf(registry),
  };
}

function activeRunsOf(registry: Registry): Gauge {
  return new Gauge({
    name: 'dropgate_runs_active',
    help: 'Runs that have begun and not ended.',
    registers: [registry],
  });
}

type Labels = { readonly fixed?: readonly string[]; readonly free?: readonly string[] };

type Series = { readonly labels: Readonly<Record<string, string>>; count: number };

/** Counters whose series are counted here and shown when somebody asks: `inc` looks for its series each time. */
function createCounters(registry: Registry) {
  return (name: string, help: string, { fixed = [], free = [] }: Labels) => {
    const names = [...fixed, ...free];
    const all: Series[] = [];
    new Counter({
      name: `dropgate_${name}_total`,
      help,
      labelNames: names,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, count } of all) this.inc(labels, count);
      },
    });
    const find = createBoundedSeries({
      names,
      free,
      ...(free.includes('agent') && { owner: 'agent' }),
      limit: seriesLimit,
      create(labels) {
        const series: Series = { labels, count: 0 };
        all.push(series);
        return series;
      },
    });
    return (labels: Series['labels'], count = 1): void => {
      find(labels).count += count;
    };
  };
}

/** Histograms by one label. */
function createTimers(registry: Registry) {
  return (name: string, help: string, { by, buckets }: { by: string; buckets: number[] }) => {
    const histogram = new Histogram({
      name: `dropgate_${name}_seconds`,
      help,
      labelNames: [by],
      buckets,
      registers: [registry],
    });
    const find = createBoundedSeries({
      names: [by],
      free: [by],
      limit: timedLimit,
      create: (labels) => histogram.labels(labels),
    });
    return (value: string, durationMs: number): void => {
      find({ [by]: value }).observe(durationMs / 1000);
    };
  };
}

function addGauges(registry: Registry, { workers, unreadBytes }: Measured): void {
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
