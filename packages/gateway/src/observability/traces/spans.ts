import { SpanKind } from '@opentelemetry/api';
import type { EventOf } from '../../events.ts';
import type { MadeStep } from '../journal/to-step.ts';
import type { Attributes } from './attributes.ts';

/** A span, but for its times and its place in a trace. */
export type SpanForm = {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** What it failed with, in a word; null where it did not. */
  readonly errorType: string | null;
  readonly message?: string | undefined;
};

type Hide = (text: string) => string;

/** Where an upstream is; null of one that is no server. */
export type AddressOf = (
  upstream: string,
) => { readonly host: string; readonly port: number } | null;

/** Names of OpenTelemetry's GenAI conventions by the path of a model call, and what of OpenAI's API it is. */
const operations: Readonly<Record<string, readonly [operation: string, api?: string]>> = {
  '/v1/chat/completions': ['chat', 'chat_completions'],
  '/v1/responses': ['chat', 'responses'],
  '/v1/embeddings': ['embeddings'],
};

/** The span of a run when it begins: `invoke_agent`, or `invoke_workflow` where its module is one. */
export function runSpan(event: EventOf<'run_started'>): SpanForm {
  const { agentId } = event;
  const isWorkflow = event.kind === 'workflow';
  const operation = isWorkflow ? 'invoke_workflow' : 'invoke_agent';
  const named: Attributes = isWorkflow
    ? { 'gen_ai.workflow.name': agentId }
    : {
        'gen_ai.agent.id': agentId,
        'gen_ai.agent.name': agentId,
        'gen_ai.agent.version': String(event.generation),
      };
  return {
    name: `${operation} ${agentId}`,
    kind: SpanKind.INTERNAL,
    errorType: null,
    attributes: {
      'gen_ai.operation.name': operation,
      ...named,
      'dropgate.run.id': event.runId,
      'dropgate.request.id': event.requestId,
      'dropgate.key.id': event.keyId,
      'dropgate.agent.id': agentId,
      'dropgate.agent.generation': event.generation,
      'dropgate.module.path': event.modulePath,
      'dropgate.run.waited_ms': event.waitedMs,
      'dropgate.run.streamed': event.isStreamed,
    },
  };
}

/** What is known of a run at its end. */
export function runEnd({ outcome, usage, code, firstTextMs }: EventOf<'run_ended'>): Attributes {
  return {
    'dropgate.run.outcome': outcome,
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    ...(usage.cachedInputTokens > 0
      ? { 'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens }
      : {}),
    ...(usage.reasoningTokens > 0
      ? { 'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens }
      : {}),
    ...(firstTextMs === null ? {} : { 'dropgate.run.first_text_ms': firstTextMs }),
    ...(code === null ? {} : { 'error.type': code }),
  };
}

/** What the step itself does not say. */
type AboutStep = {
  readonly isStreamed: boolean;
  readonly hide: Hide;
  readonly addressOf: AddressOf;
};

/** The span of a step; null of steps that are none. */
export function stepSpan(step: MadeStep, about: AboutStep): SpanForm | null {
  const { hide } = about;
  switch (step.kind) {
    case 'model_call':
      return modelSpan(step, about);
    case 'tool_call':
      return toolSpan(step, hide);
    case 'handoff': {
      const to = hide(step.to_agent);
      return noted(`handoff ${to}`, {
        'dropgate.handoff.from_agent': hide(step.from_agent),
        'dropgate.handoff.to_agent': to,
      });
    }
    case 'guardrail': {
      const guardrail = hide(step.guardrail);
      return noted(`guardrail ${guardrail}`, { 'dropgate.guardrail.name': guardrail });
    }
    case 'decision':
      return step.effect === 'allow' ? null : decisionSpan(step, hide);
    case 'input':
    case 'approval':
    case 'task_prompt':
    case 'text':
      return null;
    default:
      return step satisfies never;
  }
}

type StepOf<Kind extends MadeStep['kind']> = Extract<MadeStep, { readonly kind: Kind }>;

function modelSpan(
  step: StepOf<'model_call'>,
  { isStreamed, hide, addressOf }: AboutStep,
): SpanForm {
  const [operation, api] = operations[step.path] ?? [step.path];
  const model = step.model === null ? null : hide(step.model);
  const errorType = step.outcome === 'ok' ? null : (step.code ?? step.outcome);
  const address = addressOf(step.upstream);
  const attributes: Attributes = {
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': 'openai',
    'dropgate.upstream.name': step.upstream,
    'dropgate.model_call.attempts': step.attempts,
  };
  if (api !== undefined) attributes['openai.api.type'] = api;
  if (model !== null) attributes['gen_ai.request.model'] = model;
  if (address) {
    attributes['server.address'] = address.host;
    attributes['server.port'] = address.port;
  }
  if (isStreamed) {
    attributes['gen_ai.request.stream'] = true;
    const firstMs = step.first_byte_ms;
    if (firstMs !== null) attributes['gen_ai.response.time_to_first_chunk'] = firstMs / 1000;
  }
  if (step.status > 0) attributes['http.response.status_code'] = step.status;
  const counts = [
    ['gen_ai.usage.input_tokens', step.input_tokens],
    ['gen_ai.usage.output_tokens', step.output_tokens],
    ['gen_ai.usage.cache_read.input_tokens', step.cached_input_tokens],
    ['gen_ai.usage.reasoning.output_tokens', step.reasoning_tokens],
  ] as const;
  for (const [name, count] of counts) if (count) attributes[name] = count;
  return {
    name: model === null ? operation : `${operation} ${model}`,
    kind: SpanKind.CLIENT,
    attributes,
    errorType,
    message: step.error === null ? undefined : hide(step.error),
  };
}

function toolSpan(step: StepOf<'tool_call'>, hide: Hide): SpanForm {
  const tool = hide(step.tool);
  const attributes: Attributes = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': tool,
    // One that runs at the model's side reaches out by itself; all others are functions to it.
    'gen_ai.tool.type': step.provenance === 'hosted' ? 'extension' : 'function',
    'dropgate.tool.provenance': step.provenance,
  };
  if (step.call_id !== null) attributes['gen_ai.tool.call.id'] = hide(step.call_id);
  if (step.cache !== null) attributes['dropgate.tool.cache'] = step.cache;
  return {
    name: `execute_tool ${tool}`,
    kind: SpanKind.INTERNAL,
    attributes,
    errorType: step.outcome === 'ok' ? null : step.outcome,
    message: step.error === null ? undefined : hide(step.error),
  };
}

function decisionSpan(step: StepOf<'decision'>, hide: Hide): SpanForm {
  return noted(`decision ${step.effect}`, {
    'dropgate.decision.action': step.action,
    'dropgate.decision.resource': hide(step.resource),
    'dropgate.decision.effect': step.effect,
    ...(step.rule_id === null ? {} : { 'dropgate.decision.rule_id': step.rule_id }),
  });
}

/** Of what takes no time. The conventions have no name for these. */
function noted(name: string, attributes: Attributes): SpanForm {
  return { name, kind: SpanKind.INTERNAL, attributes, errorType: null };
}
