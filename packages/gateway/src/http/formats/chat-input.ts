import { GatewayError } from '../../errors.ts';
import type { ChatRequest } from '../../protocol/formats/openai-chat.ts';
import type { OutputFormat, RunInput, RunSettings } from '../../protocol/run.ts';
import { toItems } from './chat-history.ts';
import { toOfferedTools } from './client-tools/offered-tools.ts';
import { given } from './given.ts';

/**
 * What a chat request asks an agent to do, the whole history with it.
 *
 * @throws GatewayError `invalid_value` where there is nothing to answer, or tool calls and results do not match.
 */
export function toRunInput(body: ChatRequest): RunInput {
  const items = toItems(body.messages);
  if (items.length === 0) {
    throw new GatewayError(
      'invalid_value',
      "Invalid value for 'messages': there is nothing to answer. Send at least one system or user message.",
      { param: 'messages' },
    );
  }
  return {
    modelId: body.model,
    items,
    settings: toSettings(body),
    outputFormat: toOutputFormat(body.response_format),
    streamed: body.stream === true,
    ...toOfferedTools({
      tools: body.tools ?? [],
      legacy: body.functions ?? [],
      toolChoice: body.tool_choice,
      below: 'function',
    }),
    ...(body.user ? { user: body.user } : {}),
    metadata: body.metadata ?? {},
  };
}

function toSettings(body: ChatRequest): RunSettings {
  return given({
    maxOutputTokens: body.max_completion_tokens ?? body.max_tokens,
    temperature: body.temperature,
    topP: body.top_p,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    seed: body.seed,
    stop: typeof body.stop === 'string' ? [body.stop] : body.stop,
    parallelToolCalls: body.parallel_tool_calls,
    reasoningEffort: body.reasoning_effort,
    verbosity: body.verbosity,
    serviceTier: body.service_tier,
  });
}

function toOutputFormat(format: ChatRequest['response_format']): OutputFormat {
  if (format?.type !== 'json_schema') return { type: format?.type ?? 'text' };
  const { name, schema, strict } = format.json_schema;
  return { type: 'json_schema', name, schema: schema ?? {}, strict: strict ?? false };
}
