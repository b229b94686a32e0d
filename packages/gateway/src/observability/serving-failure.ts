import type { GatewayEvent } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';

/** What a failure is about. */
export type FailureSubject = {
  readonly agentId: string | null;
  readonly modulePath: string | null;
  readonly servingGeneration: number | null;
  readonly requestId: string | null;
};

/** The failure that an event tells of while an agent serves; null for any other event. */
export function servingFailure(
  event: GatewayEvent,
): { readonly about: FailureSubject; readonly finding: Finding } | null {
  if (event.type === 'run_ended' && event.outcome === 'failed') {
    const { detail } = event;
    const code = event.code ?? 'run_failed';
    return {
      about: { ...event, servingGeneration: null },
      finding: {
        stage: detail?.stage ?? 'run',
        code,
        severity: 'error',
        message: detail ? `${detail.class}: ${detail.message}` : code,
        ...place(detail),
      },
    };
  }
  if (event.type === 'tool_called' && event.outcome === 'failed' && event.detail) {
    const { detail } = event;
    return {
      about: { ...event, servingGeneration: null },
      finding: {
        stage: 'tool',
        code: 'tool_threw',
        severity: 'error',
        message: `${detail.class}: ${detail.message}`,
        ...place(detail),
      },
    };
  }
  if (event.type === 'worker_ended' && unexpected.has(event.reason)) {
    return {
      about: { ...event, servingGeneration: event.generation, requestId: null },
      finding: {
        stage: 'worker',
        code: `worker_${event.reason}`,
        severity: 'error',
        message: event.detail?.message ?? `The worker ended: ${event.reason}.`,
        ...place(event.detail),
      },
    };
  }
  return null;
}

const unexpected: ReadonlySet<string> = new Set([
  'stalled',
  'memory',
  'protocol',
  'exited',
  'crashed',
]);

function place(detail: { file?: string; line?: number; column?: number } | null) {
  if (detail?.file === undefined) return {};
  const { file, line, column } = detail;
  return {
    file,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}
