import { Gauge, Registry } from '@prometheus-io/client';
import { addGauges, type Measured } from './gauges.ts';
import { createGenAiMetrics } from './gen-ai-metrics.ts';
import { createCounters, createTimers } from './series.ts';

/** Seconds. From a cached answer to an agent that thinks for minutes. */
const runBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];
const toolBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120];
const requestBuckets = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120];
const waitBuckets = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60];
const storeBuckets = [0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 1, 5];
/** From 50 µs. */
const overheadBuckets = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];

/** Functions that count and measure, one per metric, and the registry that shows what came of it. */
export type MetricSet = ReturnType<typeof createMetricSet>;

/** Every metric of one gateway, in a registry of its own: two gateways in a process do not mix. */
export function createMetricSet(measured: Measured) {
  const registry = new Registry();
  addGauges(registry, measured);
  return {
    registry,
    ...counters(registry),
    ...modelCounters(registry),
    ...timers(registry),
    genAi: createGenAiMetrics(registry),
    activeRuns: gauge(registry, 'runs_active', 'Runs that have begun and not ended.'),
    openStreams: gauge(registry, 'streams_open', 'Runs that are streamed to their callers.'),
    queuedRuns: gauge(registry, 'runs_queued', 'Runs that wait for a place among their agent’s.'),
  };
}

function counters(registry: Registry) {
  const counter = createCounters(registry);
  return {
    decisions: counter('security_decisions', 'Decisions of policy.', {
      fixed: ['action', 'effect', 'source'],
    }),
    failures: counter('failures', 'Failures of any stage.', { free: ['stage', 'code', 'agent'] }),
    toolCalls: counter('tool_calls', 'Tools that runs called.', {
      fixed: ['provenance', 'outcome'],
      free: ['tool', 'agent'],
    }),
    approvals: counter('approvals', 'Calls that persons were asked about, and what came of them.', {
      fixed: ['outcome'],
      free: ['agent', 'tool'],
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
    refusals: counter('requests_refused', 'Requests refused or failed before an answer began.', {
      fixed: ['code'],
    }),
    workerStarts: counter('worker_starts', 'Worker processes that started.', { free: ['agent'] }),
    storeFailures: counter('store_failures', 'Uses of the store that failed.', {
      fixed: ['operation'],
    }),
    traceSpans: counter('trace_spans', 'Spans of traces, sent to their collector or dropped.', {
      fixed: ['outcome'],
    }),
    settingsReads: counter('settings_reads', 'Readings of changed settings.', {
      fixed: ['outcome'],
    }),
  };
}

/** What is counted of model calls, and of where they go. */
function modelCounters(registry: Registry) {
  const counter = createCounters(registry);
  return {
    modelCalls: counter('model_calls', 'Model calls through the broker.', {
      fixed: ['outcome'],
      free: ['upstream', 'agent'],
    }),
    tokens: counter('tokens', 'Tokens of model calls, as upstreams told them.', {
      fixed: ['kind'],
      free: ['upstream', 'agent', 'model'],
    }),
    cost: counter('cost_usd', 'US dollars that model calls cost, where a price is known.', {
      free: ['upstream', 'agent', 'model'],
    }),
    unpriced: counter('unpriced_calls', 'Model calls whose price nobody knows.', {
      free: ['upstream', 'agent', 'model'],
    }),
    outages: counter('upstream_outages', 'How often an upstream was left alone.', {
      free: ['upstream'],
    }),
  };
}

function timers(registry: Registry) {
  const timer = createTimers(registry);
  const agents = { by: 'agent', buckets: runBuckets };
  const tools = { by: 'tool', buckets: toolBuckets };
  const upstreams = { by: 'upstream', buckets: runBuckets };
  return {
    runSeconds: timer('run_duration', 'Whole runs.', agents),
    toolSeconds: timer('tool_duration', 'Calls of tools.', tools),
    firstTextSeconds: timer('run_first_text', 'Runs until their first text.', agents),
    firstTokenSeconds: timer(
      'model_first_token',
      'Model calls until the first bytes of their answer.',
      upstreams,
    ),
    overheadSeconds: timer(
      'gateway_overhead',
      'Requests of runs without the time in which a model or a tool was at work.',
      { by: 'agent', buckets: overheadBuckets },
    ),
    waitSeconds: timer('run_wait', 'Runs until they got a place among their agent’s.', {
      by: 'agent',
      buckets: waitBuckets,
    }),
    storeSeconds: timer('store_duration', 'Uses of the store.', {
      by: 'operation',
      buckets: storeBuckets,
    }),
    modelSeconds: timer('model_call_duration', 'Model calls.', upstreams),
    requestSeconds: timer('request_duration', 'Requests, streams to their end.', {
      by: 'route',
      buckets: requestBuckets,
    }),
  };
}

function gauge(registry: Registry, name: string, help: string): Gauge {
  return new Gauge({ name: `dropgate_${name}`, help, registers: [registry] });
}
