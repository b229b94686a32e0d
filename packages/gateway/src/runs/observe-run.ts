import type { FailureCode } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { Caller } from '../protocol/policy.ts';
import { isLastEvent, type LastEvent, noUsage, type RunEvent } from '../protocol/run.ts';

export type ObserveRunOptions = {
  readonly runId: string;
  readonly caller: Caller;
  readonly agent: {
    readonly agentId: string;
    readonly modulePath: string;
    readonly generation: number;
  };
  /** Aborted at the deadline, and when the reader leaves. */
  readonly abort: AbortController;
  readonly timeoutMs: number;
  /** Called when it has ended or was left. */
  readonly onOver: () => void;
  readonly emit: Emit;
};

const deadline = Symbol('run deadline');

/**
 * Passes a run's events on, ends the run at its deadline or when the reader leaves, and says on the way what
 * happened: `run_started`, `tool_called`, `run_ended`. What only admins may see stays behind.
 */
export async function* observeRun(
  events: AsyncIterable<RunEvent>,
  options: ObserveRunOptions,
): AsyncGenerator<RunEvent, void, undefined> {
  const { abort, timeoutMs, emit } = options;
  const startedMs = performance.now();
  let firstTextMs: number | null = null;
  let last: LastEvent | null = null;
  const timer = setTimeout(() => abort.abort(deadline), timeoutMs);
  emit({ type: 'run_started', generation: options.agent.generation, ...about(options) });
  try {
    for await (const event of events) {
      if (event.type === 'text') {
        firstTextMs ??= performance.now() - startedMs;
      } else if (event.type === 'tool_ended') {
        reportTool(options, event);
        yield withoutDetail(event);
        continue;
      } else if (isLastEvent(event)) {
        last = settle(event, options);
        clearTimeout(timer);
        yield withoutDetail(last);
        return;
      }
      yield event;
    }
  } finally {
    clearTimeout(timer);
    if (!last) abort.abort('the reader left');
    options.onOver();
    reportEnd(options, { last, firstTextMs, durationMs: performance.now() - startedMs });
  }
}

function about({ runId, caller, agent }: ObserveRunOptions) {
  const { agentId, modulePath } = agent;
  return { runId, requestId: caller.requestId, keyId: caller.keyId, agentId, modulePath };
}

function settle(event: LastEvent, { abort, timeoutMs }: ObserveRunOptions): LastEvent {
  if (event.type !== 'failed' || abort.signal.reason !== deadline) return event;
  const message = `The run took longer than its limit of ${timeoutMs / 1000} s and was ended.`;
  return { ...event, code: 'run_timeout', message };
}

function withoutDetail(event: RunEvent): RunEvent {
  if (!('detail' in event)) return event;
  const { detail: _, ...shown } = event;
  return shown;
}

function reportTool(
  options: ObserveRunOptions,
  event: Extract<RunEvent, { type: 'tool_ended' }>,
): void {
  const { tool, provenance, outcome, durationMs, detail = null } = event;
  options.emit({
    type: 'tool_called',
    ...about(options),
    ...{ tool, provenance, outcome, durationMs, detail },
  });
}

type End = {
  readonly last: LastEvent | null;
  readonly firstTextMs: number | null;
  readonly durationMs: number;
};

function reportEnd(options: ObserveRunOptions, end: End): void {
  const { last, ...times } = end;
  const failed = last?.type === 'failed' ? last : null;
  options.emit({
    type: 'run_ended',
    ...about(options),
    ...times,
    outcome: outcomeOf(last),
    code: failed?.code ?? null,
    detail: failed?.detail ?? null,
    usage: last && 'usage' in last ? last.usage : noUsage,
  });
}

function outcomeOf(last: LastEvent | null) {
  if (!last) return 'cancelled';
  if (last.type === 'interrupted') return 'interrupted';
  if (last.type === 'failed') return isCancel(last.code) ? 'cancelled' : 'failed';
  return last.reason === 'content_filter' ? 'blocked' : 'finished';
}

/** The caller left, or its key was revoked: nothing that the agent did. */
function isCancel(code: FailureCode): boolean {
  return code === 'run_cancelled' || code === 'key_invalid';
}
