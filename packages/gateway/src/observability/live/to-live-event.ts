import type { EventOf, GatewayEvent } from '../../events.ts';
import type { LiveEvent, Untimed } from '../../protocol/admin/events-answer.ts';
import type { PolicyPart } from '../../protocol/events/policy-events.ts';
import { decisionDetail } from '../decision-detail.ts';

/** What operators are told of an event: a few ids and names, and nothing that a run held; null of most. */
export function toLiveEvent(event: GatewayEvent): Untimed<LiveEvent> | null {
  switch (event.type) {
    case 'run_started':
    case 'run_ended':
      return ofRun(event);
    case 'tool_called':
    case 'model_called':
      return ofCall(event);
    case 'approval_asked':
    case 'approval_answered':
      return ofApproval(event);
    case 'access_decided':
      return event.decision.answer === 'deny' ? ofDenial(event) : null;
    case 'agent_loaded':
    case 'agent_removed':
    case 'agent_rolled_back':
    case 'agent_released':
    case 'agent_unsteady':
    case 'agent_steady':
      return ofAgent(event);
    case 'findings_reported':
      return ofFindings(event);
    case 'findings_acknowledged':
      return ofAcknowledged(event);
    case 'policy_changed':
      return { type: changedParts[event.part] };
    case 'upstream_cooling':
      return { type: 'upstream_changed', upstream: event.upstream, state: 'cooling' };
    case 'upstream_recovered':
      return { type: 'upstream_changed', upstream: event.upstream, state: 'recovered' };
    case 'worker_started':
    case 'worker_ended':
      return ofWorker(event);
    case 'queue_changed':
      return { type: 'queue_changed', waiting: event.waiting };
    default:
      return null;
  }
}

const changedParts = {
  rules: 'rules_changed',
  overrides: 'overrides_changed',
  keys: 'keys_changed',
} as const satisfies Record<PolicyPart, string>;

function ofRun(event: EventOf<'run_started' | 'run_ended'>): Untimed<LiveEvent> {
  const { runId: run_id, agentId: agent_id, keyId: key_id } = event;
  if (event.type === 'run_started') {
    return { type: 'run_started', run_id, agent_id, key_id, request_id: event.requestId };
  }
  const { outcome, code, durationMs: duration_ms } = event;
  return { type: 'run_ended', run_id, agent_id, key_id, outcome, code, duration_ms };
}

function ofCall(event: EventOf<'tool_called' | 'model_called'>): Untimed<LiveEvent> {
  const { runId: run_id, durationMs: duration_ms } = event;
  if (event.type === 'model_called') {
    const { agentId: agent_id, upstream, model, outcome } = event;
    return { type: 'model_called', run_id, agent_id, upstream, model, outcome, duration_ms };
  }
  const { agentId: agent_id, tool, provenance, outcome } = event;
  return { type: 'tool_called', run_id, agent_id, tool, provenance, outcome, duration_ms };
}

function ofApproval(event: EventOf<'approval_asked' | 'approval_answered'>): Untimed<LiveEvent> {
  const { approvalId: approval_id, runId: run_id, agentId: agent_id, tool } = event;
  const about = { approval_id, run_id, agent_id, tool };
  return event.type === 'approval_asked'
    ? { type: event.type, ...about }
    : { type: event.type, ...about, outcome: event.outcome };
}

function ofDenial(event: EventOf<'access_decided'>): Untimed<LiveEvent> {
  const { action, resource, keyId, agentId, tool, ruleId } = decisionDetail(event);
  return {
    type: 'access_denied',
    action,
    resource,
    key_id: keyId,
    agent_id: agentId,
    tool,
    rule_id: ruleId,
  };
}

type AgentEvent = EventOf<
  | 'agent_loaded'
  | 'agent_removed'
  | 'agent_rolled_back'
  | 'agent_released'
  | 'agent_unsteady'
  | 'agent_steady'
>;

const agentChangeOf = {
  agent_loaded: 'loaded',
  agent_removed: 'removed',
  agent_rolled_back: 'rolled_back',
  agent_released: 'released',
  agent_unsteady: 'unsteady',
  agent_steady: 'steady',
} as const satisfies Record<AgentEvent['type'], string>;

function ofAgent(event: AgentEvent): Untimed<LiveEvent> {
  const about = { agent_id: event.agentId, change: agentChangeOf[event.type] };
  return 'generation' in event
    ? { type: 'agent_changed', ...about, generation: event.generation }
    : { type: 'agent_changed', ...about };
}

function ofFindings(event: EventOf<'findings_reported'>): Untimed<LiveEvent> {
  const { agentId, modulePath, findings } = event;
  return {
    type: 'errors_changed',
    agent_id: agentId,
    module_path: modulePath,
    errors: findings.filter(({ severity }) => severity === 'error').length,
    warnings: findings.filter(({ severity }) => severity === 'warning').length,
  };
}

function ofAcknowledged(event: EventOf<'findings_acknowledged'>): Untimed<LiveEvent> {
  const { agentId: agent_id, modulePath: module_path, errors, warnings } = event;
  return { type: 'errors_changed', agent_id, module_path, errors, warnings };
}

function ofWorker(event: EventOf<'worker_started' | 'worker_ended'>): Untimed<LiveEvent> {
  const { pid, agentId: agent_id } = event;
  return event.type === 'worker_started'
    ? { type: 'worker_changed', pid, agent_id, change: 'started' }
    : { type: 'worker_changed', pid, agent_id, change: 'ended', reason: event.reason };
}
