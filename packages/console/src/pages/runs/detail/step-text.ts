import type { Step } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { bytes, count, dollars } from '../../../ui/data/numbers.ts';
import { duration } from '../../../ui/data/time.tsx';

const words = text.runs.step;
const names = text.runs.details;

/** What a step is, in a line. */
export function stepTitle(step: Step): string {
  switch (step.kind) {
    case 'input':
      return step.items === 1 ? words.oneInput : fill(words.input, { count: step.items });
    case 'task_prompt':
      return words.taskPrompt;
    case 'model_call':
      return fill(words.model, {
        model: step.model ?? words.unknownModel,
        upstream: step.upstream,
      });
    case 'tool_call':
      return step.tool;
    case 'handoff':
      return fill(words.handoff, { from: step.from_agent, to: step.to_agent });
    case 'guardrail':
      return step.guardrail;
    case 'decision':
      return fill(words.decision, {
        effect: step.effect,
        action: step.action,
        resource: step.resource,
      });
    case 'approval':
      return fill(words.approval, { tool: step.tool, outcome: step.outcome });
    case 'text':
      return step.letters === 1
        ? words.oneLetter
        : fill(words.text, { count: count(step.letters) });
    default:
      return step satisfies never;
  }
}

/** Whether it went wrong, or was refused. */
export function isFailed(step: Step): boolean {
  switch (step.kind) {
    case 'model_call':
    case 'tool_call':
      return step.outcome !== 'ok';
    case 'decision':
      return step.effect === 'deny';
    case 'approval':
      return step.outcome === 'denied' || step.outcome === 'expired';
    case 'guardrail':
      return true;
    default:
      return false;
  }
}

/** Tokens of a model call, `265 → 31`; empty of anything else. */
export function stepTokens(step: Step): string {
  if (step.kind !== 'model_call' || step.input_tokens === null) return '';
  return `${count(step.input_tokens)} → ${count(step.output_tokens ?? 0)}`;
}

/** What a model call cost; empty of anything else. */
export function stepCost(step: Step): string {
  return step.kind === 'model_call' && step.cost_usd !== undefined ? dollars(step.cost_usd) : '';
}

type Fact = { readonly name: string; readonly value: string };

/** All that a step says of itself; what it does not know is left out. */
export function stepFacts(step: Step): readonly Fact[] {
  const all = [
    [names.began, duration(step.at_ms)],
    [names.took, step.duration_ms === null ? null : duration(step.duration_ms)],
    ...ownFacts(step),
  ] as const;
  return all.flatMap(([name, value]) => (value === null ? [] : [{ name, value: `${value}` }]));
}

type OwnFact = readonly [name: string, value: string | number | null];

function ownFacts(step: Step): readonly OwnFact[] {
  switch (step.kind) {
    case 'input':
      return [
        [names.messages, count(step.items)],
        [names.filesHash, step.files_hash],
      ];
    case 'model_call':
      return modelFacts(step);
    case 'tool_call':
      return toolFacts(step);
    case 'handoff':
      return [
        [names.from, step.from_agent],
        [names.to, step.to_agent],
      ];
    case 'guardrail':
      return [[names.guardrail, step.guardrail]];
    case 'decision':
      return [
        [names.effect, step.effect],
        [names.action, step.action],
        [names.resource, step.resource],
        [names.rule, step.rule_id ?? names.noRule],
      ];
    case 'approval':
      return [
        [names.outcome, step.outcome],
        [names.tool, step.tool],
        [names.rule, step.rule_id ?? names.agentAsks],
        [names.approvalId, step.approval_id],
        [names.callId, step.call_id],
      ];
    case 'text':
      return [[names.letters, count(step.letters)]];
    case 'task_prompt':
      return [];
    default:
      return step satisfies never;
  }
}

function modelFacts(step: Extract<Step, { readonly kind: 'model_call' }>): readonly OwnFact[] {
  return [
    [names.outcome, step.outcome === 'ok' ? step.outcome : `${step.outcome} ${step.code ?? ''}`],
    [names.model, step.model],
    [names.upstream, step.upstream],
    [names.path, step.path],
    [names.status, step.status === 0 ? names.noAnswer : step.status],
    [names.firstByte, step.first_byte_ms === null ? null : duration(step.first_byte_ms)],
    [names.attempts, step.attempts > 1 ? step.attempts : null],
    [names.tokens, stepTokens(step) || null],
    [names.cost, stepCost(step) || null],
    [names.hash, step.request_hash],
  ];
}

function toolFacts(step: Extract<Step, { readonly kind: 'tool_call' }>): readonly OwnFact[] {
  const { argument_bytes, result_bytes } = step;
  const sizes = { arguments: bytes(argument_bytes ?? 0), result: bytes(result_bytes ?? 0) };
  return [
    [names.outcome, step.outcome],
    [names.tool, step.tool],
    [names.provenance, step.provenance],
    [names.cache, step.cache],
    [names.bytes, argument_bytes === null ? null : fill(names.bytesValue, sizes)],
    [names.callId, step.call_id],
  ];
}
