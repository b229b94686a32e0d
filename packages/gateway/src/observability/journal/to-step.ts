import type { EventOf, GatewayEvent } from '../../events.ts';
import type { AskedRun } from '../../protocol/journal/journal.ts';
import type { ContentPart, Step } from '../../protocol/journal/steps.ts';
import type { InputPart } from '../../protocol/run.ts';
import { decisionDetail } from '../decision-detail.ts';

type Without<Kind, Names extends string> = Kind extends unknown ? Omit<Kind, Names> : never;

/** What a step says beside its place in the run. */
export type MadeStep = Without<Step, 'step' | 'at_ms' | 'duration_ms'>;

/** Makes the hash of a request to a model, where somebody wants it. */
type HashBody = (body: Buffer) => string | null;

/** A step but for its number and its place in the run. */
export type NewStep = {
  readonly runId: string;
  readonly durationMs: number | null;
  /** How long ago it ended. */
  readonly agoMs: number;
  /** Made when it is written: what it costs is nothing that a caller waits for. */
  readonly make: (ordinal: number, hash: HashBody) => MadeStep;
  /** Of its span, where whoever was asked was told of one. */
  readonly spanId: string | null;
  /** Whether a model was asked for its answer as it comes. */
  readonly isStreamed: () => boolean;
  /** What it held, made likewise. */
  readonly contents: () => readonly { readonly part: ContentPart; readonly text: string }[];
  /** What it cost in thousand-millionths of a US dollar, null where nobody knows; absent of what costs nothing. */
  readonly costNanoUsd?: number | null;
  /** What of that is held in memory meanwhile, about. */
  readonly heldBytes: number;
};

/** The step that an event is; null where it is none of a run's. */
export function toStep(event: GatewayEvent): NewStep | null {
  switch (event.type) {
    case 'model_called':
      return event.runId === null ? null : modelStep(event, event.runId);
    case 'tool_called':
      return event.runId === null ? null : toolStep(event, event.runId);
    case 'access_decided':
      return event.run ? decisionStep(event, event.run.runId) : null;
    case 'approval_asked':
      return approvalStep(event, 'asked');
    case 'approval_applied':
      return approvalStep(event, event.outcome);
    case 'run_started':
      if (event.isTask) return noted(event.runId, () => ({ kind: 'task_prompt' }));
      return event.asked ? inputStep(event.runId, event.asked) : null;
    case 'run_handed_off':
      return {
        ...noted(event.runId, () => ({
          kind: 'handoff',
          from_agent: event.fromAgent,
          to_agent: event.toAgent,
        })),
        agoMs: event.agoMs,
      };
    case 'run_said':
      return {
        ...noted(event.runId, () => ({ kind: 'text', letters: event.letters })),
        durationMs: event.durationMs,
        contents: () => [{ part: 'text', text: event.text }],
        heldBytes: event.text.length,
      };
    case 'run_ended': {
      const { blockedBy } = event;
      if (blockedBy === null) return null;
      return noted(event.runId, () => ({ kind: 'guardrail', guardrail: blockedBy }));
    }
    default:
      return null;
  }
}

function approvalStep(
  event: EventOf<'approval_asked' | 'approval_applied'>,
  outcome: string,
): NewStep {
  const { runId, approvalId, callId, tool, ruleId } = event;
  const args = 'arguments' in event ? event.arguments : null;
  return {
    ...noted(runId, () => ({
      kind: 'approval',
      approval_id: approvalId,
      call_id: callId,
      tool,
      outcome,
      rule_id: ruleId,
    })),
    contents: () => (args === null ? [] : [{ part: 'arguments', text: args }]),
    heldBytes: args?.length ?? 0,
  };
}

function noted(runId: string, make: NewStep['make']): NewStep {
  const none = { durationMs: null, spanId: null, isStreamed: isNot, contents: () => [] };
  return { ...none, runId, agoMs: 0, make, heldBytes: 0 };
}

const isNot = () => false;

/** As clients write it; within a text each quote would have a backslash before it. */
const streams = ['"stream":true', '"stream": true'];

/** Longer input is not kept. */
const MAX_INPUT_CHARS = 8 * 1024 * 1024;

function inputStep(runId: string, asked: AskedRun): NewStep {
  const { items, streamed } = asked.input;
  const heldBytes = items.reduce((sum, item) => sum + lengthOf(item), 0);
  return {
    ...noted(runId, () => ({
      kind: 'input',
      items: items.length,
      streamed,
      files_hash: asked.filesHash,
    })),
    contents: () =>
      heldBytes > MAX_INPUT_CHARS ? [] : [{ part: 'input', text: JSON.stringify(asked) }],
    heldBytes,
  };
}

function lengthOf(item: AskedRun['input']['items'][number]): number {
  if ('arguments' in item) return item.arguments.length;
  if ('text' in item) return item.text.length;
  if (item.role === 'approval') return item.reason?.length ?? 0;
  return item.parts.reduce((sum, part) => sum + partLength(part), 0);
}

function partLength(part: InputPart): number {
  if (part.type === 'text') return part.text.length;
  if (part.type === 'audio') return part.data.length;
  const held = part.type === 'file' ? (part.data ?? part.url) : part.url;
  return held?.length ?? 0;
}

function modelStep(event: EventOf<'model_called'>, runId: string): NewStep {
  const { body, answer, usage } = event;
  const answerBytes = answer?.reduce((sum, { length }) => sum + length, 0) ?? 0;
  return {
    runId,
    durationMs: event.durationMs,
    agoMs: 0,
    spanId: event.spanId,
    isStreamed: () => body !== null && streams.some((sign) => body.includes(sign)),
    heldBytes: (body?.length ?? 0) + answerBytes,
    costNanoUsd: event.costNanoUsd,
    make: (ordinal, hash) => ({
      kind: 'model_call',
      ordinal,
      request_hash: body && hash(body),
      upstream: event.upstream,
      path: event.path,
      model: event.model,
      status: event.status,
      outcome: event.outcome,
      code: event.code,
      error: event.error,
      attempts: event.attempts,
      first_byte_ms: rounded(event.firstByteMs),
      input_tokens: usage?.inputTokens ?? null,
      output_tokens: usage?.outputTokens ?? null,
      cached_input_tokens: usage?.cachedInputTokens ?? null,
      reasoning_tokens: usage?.reasoningTokens ?? null,
      cost_usd: dollars(event.costNanoUsd),
    }),
    contents: () => [...textOf('request', body && [body]), ...textOf('answer', answer)],
  };
}

function textOf(part: ContentPart, chunks: readonly Buffer[] | null) {
  return chunks === null ? [] : [{ part, text: Buffer.concat(chunks).toString() }];
}

function toolStep(event: EventOf<'tool_called'>, runId: string): NewStep {
  const { contents, detail } = event;
  return {
    runId,
    durationMs: event.durationMs,
    agoMs: event.agoMs,
    spanId: event.spanId,
    isStreamed: isNot,
    heldBytes: contents === null ? 0 : (event.argumentBytes ?? 0) + (contents.result?.length ?? 0),
    make: () => ({
      kind: 'tool_call',
      call_id: event.callId,
      tool: event.tool,
      provenance: event.provenance,
      outcome: event.outcome,
      error: event.error ?? (detail ? `${detail.class}: ${detail.message}` : null),
      cache: event.cache,
      argument_bytes: event.argumentBytes,
      result_bytes: event.resultBytes,
    }),
    contents: () =>
      contents === null
        ? []
        : [
            { part: 'arguments', text: contents.arguments() },
            ...(contents.result === null
              ? []
              : [{ part: 'result', text: contents.result } as const]),
          ],
  };
}

function decisionStep(event: EventOf<'access_decided'>, runId: string): NewStep {
  return noted(runId, () => {
    const { action, resource, effect, ruleId, tier } = decisionDetail(event);
    return { kind: 'decision', action, resource, effect, rule_id: ruleId, tier };
  });
}

/** Null where nobody knows. */
function dollars(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / 1_000_000_000;
}

/** Microseconds are enough. */
export function rounded(ms: number): number;
export function rounded(ms: number | null): number | null;
export function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}
