import { setImmediate } from 'node:timers/promises';
import type { Registry } from '@prometheus-io/client';
import type { EventOf, GatewayEvent } from '../../events.ts';
import type { MetricsReport } from '../../protocol/admin/metrics-answer.ts';
import type { PolicyEvent } from '../../protocol/events/policy-events.ts';
import type { UpstreamEvent } from '../../protocol/events/upstream-events.ts';
import { servingFailure } from '../serving-failure.ts';
import type { Measured } from './gauges.ts';
import { createMetricSet, type MetricSet } from './metric-set.ts';
import { createRunOverhead } from './run-overhead.ts';
import { summarize } from './summarize.ts';

export type Metrics = {
  readonly listener: (event: GatewayEvent) => void;
  /** What Prometheus scrapes, with its media type; gives way to other work between two metrics. */
  readonly exposition: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly report: () => Promise<MetricsReport>;
};

/**
 * Counts and measures what the gateway says about itself. Labels are bounded, whatever names come from outside.
 *
 * @param redact - Takes an agent's secrets out of the names that its module chose.
 */
export function createMetrics(
  measured: Measured,
  redact: (agentId: string) => (text: string) => string = () => (text) => text,
): Metrics {
  const set = createMetricSet(measured);
  const { registry } = set;
  const overheadOf = createRunOverhead();
  return {
    listener(event) {
      count(set, event, redact);
      countFailures(set, event);
      const overheadMs = overheadOf(event);
      if (overheadMs === null || event.type !== 'request_ended' || !event.run) return;
      set.overheadSeconds(event.run.agentId, overheadMs);
    },
    async exposition() {
      const texts = await eachInTurn(registry, (name) => registry.getSingleMetricAsString(name));
      return { type: registry.contentType, text: `${texts.join('\n\n')}\n` };
    },
    async report() {
      const metrics = await eachInTurn(registry, async (name) => {
        const { type, help, values } = await metricOf(registry, name).get();
        const samples = values.map(({ value, labels, metricName = name }: Sample) => ({
          name: metricName,
          value,
          labels: { ...labels },
        }));
        return { name, type, help, samples };
      });
      return { ...summarize(metrics), metrics };
    },
  };
}

function metricOf(registry: Registry, name: string) {
  const metric = registry.getSingleMetric(name);
  if (!metric) throw new Error(`There is no metric ${name}.`);
  return metric;
}

/** All at once would keep everybody waiting where there are many series. */
async function eachInTurn<Shown>(
  registry: Registry,
  show: (name: string) => Promise<Shown>,
): Promise<Shown[]> {
  const shown: Shown[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    shown.push(await show(name));
    await setImmediate();
  }
  return shown;
}

type Sample = {
  readonly value: number;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  /** Of a histogram's buckets, sum and count. */
  readonly metricName?: string;
};

/** In the place of an agent where something belongs to none. */
const noAgent = 'none';

function count(
  set: MetricSet,
  event: GatewayEvent,
  redact: (agentId: string) => (text: string) => string,
): void {
  switch (event.type) {
    case 'access_decided':
      countDecision(set, event);
      break;
    case 'run_started':
    case 'run_ended':
      if (event.type === 'run_started') countStart(set, event);
      else countRun(set, event);
      break;
    case 'tool_called':
      countTool(set, event, redact);
      break;
    case 'model_called':
      countModelCall(set, event, redact);
      break;
    case 'request_ended':
      countRequest(set, event);
      break;
    case 'agent_loaded':
    case 'worker_ended':
      countProcess(set, event);
      break;
    case 'issuer_keys_failed':
    case 'fault_survived':
      set.faults({});
      break;
    case 'unread_refused':
      countUnread(set, event);
      break;
    case 'approval_asked':
    case 'approval_answered':
      countApproval(set, event);
      break;
    case 'gateway_started':
    case 'gateway_stopping':
    case 'agent_removed':
    case 'agent_rolled_back':
    case 'agent_released':
    case 'agent_unsteady':
    case 'agent_steady':
    case 'findings_reported':
    case 'findings_acknowledged':
    case 'run_said':
    case 'run_handed_off':
    case 'approval_applied':
    case 'request_failed':
    case 'worker_output':
    case 'outside_calls_refused':
    case 'key_expiring':
    case 'issuer_keys_read':
      break;
    default:
      countInside(set, event);
  }
}

function countProcess(set: MetricSet, event: EventOf<'agent_loaded' | 'worker_ended'>): void {
  if (event.type === 'agent_loaded') set.loads({ agent: event.agentId });
  else set.workerEnds({ reason: event.reason, agent: event.agentId ?? noAgent });
}

function countApproval(
  set: MetricSet,
  event: EventOf<'approval_asked' | 'approval_answered'>,
): void {
  const { agentId: agent, tool } = event;
  const outcome = event.type === 'approval_asked' ? 'asked' : event.outcome;
  set.approvals({ agent, tool, outcome });
}

function countRequest(set: MetricSet, event: EventOf<'request_ended'>): void {
  const { method, route, status, code } = event;
  set.requests({ method, route, status: String(status) });
  set.requestSeconds(route, event.durationMs);
  if (code !== null) set.refusals({ code });
}

type Inside =
  | EventOf<'queue_changed' | 'store_used' | 'settings_read' | 'worker_started' | 'spans_exported'>
  | PolicyEvent
  | UpstreamEvent;

/** What the gateway does for itself. */
function countInside(set: MetricSet, event: Inside): void {
  switch (event.type) {
    case 'queue_changed':
      set.queuedRuns.set(event.waiting);
      break;
    case 'store_used':
      set.storeSeconds(event.operation, event.durationMs);
      if (event.isFailure) set.storeFailures({ operation: event.operation });
      break;
    case 'settings_read':
      set.settingsReads({ outcome: event.problems === 0 ? 'ok' : 'problems' });
      break;
    case 'spans_exported':
      set.traceSpans({ outcome: 'sent' }, event.sent);
      set.traceSpans({ outcome: 'dropped' }, event.dropped);
      break;
    case 'worker_started':
      set.workerStarts({ agent: event.agentId ?? noAgent });
      break;
    case 'upstream_cooling':
      set.outages({ upstream: event.upstream });
      break;
    case 'policy_changed':
    case 'upstream_chosen':
    case 'upstream_misplaced':
    case 'upstream_recovered':
    case 'model_retiring':
      break;
    default:
      event satisfies never;
  }
}

function countStart(set: MetricSet, event: EventOf<'run_started'>): void {
  set.activeRuns.inc();
  if (event.isStreamed) set.openStreams.inc();
  set.waitSeconds(event.agentId, event.waitedMs);
}

function countDecision(set: MetricSet, event: EventOf<'access_decided'>): void {
  const { question, decision, times } = event;
  const source = decision.rule?.source ?? 'none';
  set.decisions({ action: question.action, effect: decision.answer, source }, times);
}

function countUnread(set: MetricSet, { owner, kind }: EventOf<'unread_refused'>): void {
  set.unreadRefused({ kind, agent: 'agentId' in owner ? owner.agentId : noAgent });
}

function countRun(set: MetricSet, event: EventOf<'run_ended'>): void {
  set.activeRuns.dec();
  if (event.isStreamed) set.openStreams.dec();
  set.genAi.runEnded(event);
  set.runs({ outcome: event.outcome, agent: event.agentId });
  set.runSeconds(event.agentId, event.durationMs);
  if (event.firstTextMs !== null) set.firstTextSeconds(event.agentId, event.firstTextMs);
}

function countTool(
  set: MetricSet,
  event: EventOf<'tool_called'>,
  redact: (agentId: string) => (text: string) => string,
): void {
  const agent = event.agentId ?? noAgent;
  const tool = redact(agent)(event.tool);
  const { provenance, outcome, cache, violation } = event;
  set.toolCalls({ tool, provenance, outcome, agent });
  set.toolSeconds(tool, event.durationMs);
  set.genAi.toolCalled(event, tool);
  if (violation) set.toolViolations({ agent, tool, reason: violation });
  if (cache) set.toolCache({ tool, result: cache });
}

function countModelCall(
  set: MetricSet,
  call: EventOf<'model_called'>,
  redact: (agentId: string) => (text: string) => string,
): void {
  const { agentId: agent, upstream } = call;
  const model = call.model === null ? 'none' : redact(agent)(call.model);
  set.modelCalls({ outcome: call.outcome, upstream, agent });
  set.modelSeconds(upstream, call.durationMs);
  if (call.firstByteMs !== null) set.firstTokenSeconds(upstream, call.firstByteMs);
  set.genAi.modelCalled(call, model);
  if (!call.usage) return;
  const { costNanoUsd } = call;
  if (costNanoUsd === null) set.unpriced({ upstream, agent, model });
  else if (costNanoUsd > 0) set.cost({ upstream, agent, model }, costNanoUsd / 1_000_000_000);
  const kinds = {
    input: call.usage.inputTokens,
    output: call.usage.outputTokens,
    cached_input: call.usage.cachedInputTokens,
    reasoning: call.usage.reasoningTokens,
  };
  for (const [kind, tokens] of Object.entries(kinds)) {
    if (tokens > 0) set.tokens({ kind, upstream, agent, model }, tokens);
  }
}

/** The same failures as the list of what is wrong has, and those that concern no agent. */
function countFailures(set: MetricSet, event: GatewayEvent): void {
  if (event.type === 'findings_reported') {
    for (const { severity, stage, code } of event.findings) {
      if (severity === 'error') set.failures({ stage, code, agent: event.agentId ?? noAgent });
    }
    return;
  }
  if (event.type === 'request_failed') {
    set.failures({ stage: 'run', code: event.code, agent: noAgent });
    return;
  }
  const failure = servingFailure(event);
  if (!failure) return;
  const { stage, code } = failure.finding;
  set.failures({ stage, code, agent: failure.about.agentId ?? noAgent });
}
