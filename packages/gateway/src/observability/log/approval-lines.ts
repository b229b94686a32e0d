import type { EventOf } from '../../events.ts';
import { entry, type LogEntry } from './log-line.ts';

/** A call that a person is asked about, or what came of it. */
export function approvalEntry(event: EventOf<'approval_asked' | 'approval_answered'>): LogEntry {
  const about = () => ({
    run_id: event.runId,
    agent_id: event.agentId,
    key_id: event.keyId,
    approval_id: event.approvalId,
    tool: event.tool,
  });
  if (event.type === 'approval_asked') {
    return entry('info', 'approval asked for', () => ({
      ...about(),
      request_id: event.requestId,
      module_path: event.modulePath,
      rule_id: event.ruleId ?? undefined,
      expires_at: new Date(event.expiresMs).toISOString(),
    }));
  }
  return entry('info', `approval: ${event.outcome}`, () => ({
    ...about(),
    answered_by: event.answeredBy ?? undefined,
    reason: event.reason ?? undefined,
    waited_ms: event.waitedMs,
  }));
}
