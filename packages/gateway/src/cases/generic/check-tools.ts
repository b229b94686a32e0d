import type { Outcome } from './check-result.ts';
import { fieldOf } from './endpoint.ts';
import { listOf, type Streamed } from './read-chunks.ts';

const outcomes: ReadonlySet<unknown> = new Set(['ok', 'denied', 'failed', 'timeout', 'aborted']);

/**
 * Whether what a stream tells of tools can be read: each call begins once and ends once, in this order, and none is left
 * to the caller, who would try to run it.
 */
export function checkTools({ chunks }: Streamed): Outcome {
  const choices = chunks.flatMap((chunk) => listOf(fieldOf(chunk, 'choices')));
  if (choices.some((choice) => fieldOf(fieldOf(choice, 'delta'), 'tool_calls') !== undefined)) {
    return { failed: 'It leaves calls of tools to its caller, who would try to run them.' };
  }
  const told = chunks.map((chunk) => fieldOf(chunk, 'x_agent')).filter((each) => each);
  const calls = told.filter((each) => fieldOf(each, 'type') !== 'handed_off');
  if (calls.length === 0) {
    return {
      skipped:
        'No call of a tool was seen. Give it a message that leads to one: `message:` in tests/generic.yaml.',
    };
  }
  return checkCalls(calls);
}

function checkCalls(told: readonly unknown[]): Outcome {
  const open = new Map<unknown, string>();
  for (const each of told) {
    const [type, name, callId] = ['type', 'name', 'call_id'].map((field) => fieldOf(each, field));
    if (typeof name !== 'string' || name === '' || typeof callId !== 'string') {
      return { failed: `A call of a tool has no name or no id: ${JSON.stringify(each)}` };
    }
    if (type === 'tool_started') {
      if (open.has(callId)) return { failed: `The call ${callId} of ${name} begins twice.` };
      open.set(callId, name);
    } else if (type === 'tool_ended') {
      if (!open.delete(callId)) return { failed: `The call ${callId} of ${name} ends unbegun.` };
      if (!outcomes.has(fieldOf(each, 'outcome'))) {
        return { failed: `The call ${callId} of ${name} ends without an outcome.` };
      }
    }
  }
  const [left] = open.values();
  return left === undefined ? null : { failed: `A call of ${left} never ends.` };
}
