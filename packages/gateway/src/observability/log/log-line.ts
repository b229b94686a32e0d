import { GatewayError } from '../../errors.ts';
import type { Stage } from '../../protocol/diagnostics.ts';
import type { FailureDetail } from '../../protocol/run.ts';
import type { LogField } from './log-fields.ts';

/** What a line of the log says beside its message. */
export type LineFields = { readonly [Field in LogField]?: unknown };

/** A line of the log before it is written. Its fields are made when asked for, which most lines never are. */
export type LogEntry = {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: () => LineFields;
};

/** A line of the log. */
export function entry(
  level: LogEntry['level'],
  message: string,
  fields: LogEntry['fields'],
): LogEntry {
  return { level, message, fields };
}

/** The agent that something is about, where there is one. */
export function about(event: { agentId: string | null; modulePath: string | null }) {
  return { agent_id: event.agentId ?? undefined, module_path: event.modulePath ?? undefined };
}

/** Where it went wrong. */
export function stage(error_stage: Stage) {
  return { error_stage };
}

/** Milliseconds, as a line shows them. */
export function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** What an agent or a tool threw; nothing where that is not known. */
export function cause(detail: FailureDetail | null) {
  if (!detail) return {};
  const { class: error_class, message: error, file, line, column, frame, stack } = detail;
  return { error_class, error, file, line, column, frame, stack };
}

/** What the gateway itself threw, or what was behind it. */
export function thrown(error: unknown) {
  const origin = error instanceof GatewayError && error.cause !== undefined ? error.cause : error;
  if (!(origin instanceof Error)) return { error: String(origin) };
  const { message, cause, stack } = origin;
  return {
    error_class: origin.constructor.name,
    error: message,
    cause: cause instanceof Error ? cause.message || cause.name : undefined,
    stack,
  };
}
