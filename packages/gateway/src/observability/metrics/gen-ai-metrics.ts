import type { Registry } from '@prometheus-io/client';
import type { EventOf } from '../../events.ts';
import { createHistograms } from './series.ts';

/** Buckets of OpenTelemetry's GenAI conventions, in seconds and in tokens. */
const durations = Array.from({ length: 14 }, (_, power) => 2 ** power / 100);
const tokenCounts = Array.from({ length: 14 }, (_, power) => 4 ** power);

const owner = 'gen_ai_agent_name';
const called = ['gen_ai_provider_name', 'gen_ai_request_model', owner];

/** The operation of a path, by its name in the conventions. */
const operations: Readonly<Record<string, string>> = {
  '/v1/chat/completions': 'chat',
  '/v1/responses': 'chat',
  '/v1/embeddings': 'embeddings',
};

/** The metrics of OpenTelemetry's GenAI conventions under their own names, with `_` for `.`. */
export type GenAiMetrics = {
  readonly modelCalled: (call: EventOf<'model_called'>, model: string) => void;
  readonly toolCalled: (call: EventOf<'tool_called'>, tool: string) => void;
  readonly runEnded: (run: EventOf<'run_ended'>) => void;
};

export function createGenAiMetrics(registry: Registry): GenAiMetrics {
  const histogram = createHistograms(registry);
  const tokens = histogram('gen_ai_client_token_usage', 'Tokens of a model call.', {
    fixed: ['gen_ai_operation_name', 'gen_ai_token_type'],
    free: called,
    owner,
    buckets: tokenCounts,
  });
  const calls = histogram('gen_ai_client_operation_duration', 'Seconds of a model call.', {
    fixed: ['gen_ai_operation_name', 'error_type'],
    free: called,
    owner,
    buckets: durations,
  });
  const agents = histogram('gen_ai_invoke_agent_duration', 'Seconds of a run.', {
    fixed: ['error_type'],
    free: [owner],
    owner,
    buckets: durations,
  });
  const tools = histogram('gen_ai_execute_tool_duration', 'Seconds of a call of a tool.', {
    fixed: ['error_type'],
    free: ['gen_ai_tool_name', owner],
    owner,
    buckets: durations,
  });
  return {
    modelCalled(call, model) {
      const gen_ai_operation_name = operations[call.path];
      if (gen_ai_operation_name === undefined) return;
      const labels = {
        gen_ai_operation_name,
        gen_ai_provider_name: call.upstream,
        gen_ai_request_model: model,
        gen_ai_agent_name: call.agentId,
      };
      calls({ ...labels, error_type: call.code ?? '' }, call.durationMs / 1000);
      if (!call.usage) return;
      tokens({ ...labels, gen_ai_token_type: 'input' }, call.usage.inputTokens);
      tokens({ ...labels, gen_ai_token_type: 'output' }, call.usage.outputTokens);
    },
    toolCalled(call, tool) {
      const error_type = call.outcome === 'ok' ? '' : call.outcome;
      const labels = { error_type, gen_ai_tool_name: tool, gen_ai_agent_name: call.agentId ?? '' };
      tools(labels, call.durationMs / 1000);
    },
    runEnded: ({ agentId, code, durationMs }) =>
      agents({ error_type: code ?? '', gen_ai_agent_name: agentId }, durationMs / 1000),
  };
}
