import type { ShownStep } from '../../protocol/admin/runs-answer.ts';
import { shownDollars } from './dollars.ts';

/** Cells of the bar that shows when a step was at work. */
const BAR_WIDTH = 24;

/**
 * A step on one line: its number, when it began, a bar of when it was at work, what it was and how long it took.
 *
 * @param totalMs - Of the whole run; null while it goes on, when there is no bar to draw.
 */
export function stepLine(step: ShownStep, totalMs: number | null): string {
  const { at_ms, duration_ms } = step;
  const parts = [
    String(step.step).padStart(4),
    `+${shownDuration(at_ms)}`.padStart(10),
    totalMs === null ? '' : barOf(at_ms, duration_ms ?? 0, totalMs),
    describeStep(step),
    duration_ms === null ? '' : shownDuration(duration_ms),
    tokensOf(step),
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** Milliseconds for people. */
export function shownDuration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function barOf(atMs: number, durationMs: number, totalMs: number): string {
  const cell = Math.max(totalMs, 0.001) / BAR_WIDTH;
  const from = Math.min(BAR_WIDTH - 1, Math.floor(atMs / cell));
  const length = Math.max(1, Math.round(durationMs / cell));
  const bar = `${' '.repeat(from)}${(durationMs === 0 ? '·' : '█').repeat(length)}`;
  return `▕${bar.slice(0, BAR_WIDTH).padEnd(BAR_WIDTH)}▏`;
}

function describeStep(step: ShownStep): string {
  switch (step.kind) {
    case 'input':
      return `asked with ${step.items} ${step.items === 1 ? 'message' : 'messages'}${step.streamed ? ', streamed' : ''}`;
    case 'task_prompt':
      return 'a prompt of a chat client’s own: one call of the model answers';
    case 'model_call':
      return `model ${step.model ?? '?'} at ${step.upstream}: ${step.status}${failure(step)}`;
    case 'tool_call':
      return `${step.provenance} tool ${step.tool}: ${step.outcome}${failure(step)}`;
    case 'handoff':
      return `handed off from ${step.from_agent} to ${step.to_agent}`;
    case 'guardrail':
      return `stopped by the guardrail ${step.guardrail}`;
    case 'decision':
      return `${step.effect} ${step.action} ${step.resource} by ${step.rule_id ?? 'no rule'}`;
    case 'approval':
      return `approval of ${step.tool}: ${step.outcome} (${step.approval_id})`;
    case 'text':
      return `text of ${step.letters} letters`;
    default:
      return step satisfies never;
  }
}

function failure({ error }: { readonly error: string | null }): string {
  return error === null ? '' : ` (${error.split('\n', 1)[0]})`;
}

function tokensOf(step: ShownStep): string {
  if (step.kind !== 'model_call' || step.input_tokens === null) return '';
  const cost = step.cost_usd
    ? `, ${shownDollars({ cost_usd: step.cost_usd, unpriced_calls: 0 })}`
    : '';
  return `${step.input_tokens} → ${step.output_tokens} tokens${cost}`;
}
