import { GatewayError } from '../../../errors.ts';
import type { ResponsesRequest } from '../../../protocol/formats/openai-responses.ts';
import type { OutputFormat, RunInput, RunSettings } from '../../../protocol/run.ts';
import { toOfferedTools } from '../client-tools/offered-tools.ts';
import { given } from '../given.ts';
import { type Referred, toInputItems } from './input-items.ts';

/**
 * What a request for a response asks an agent to do. Its instructions come first, as the text of a system.
 *
 * @throws GatewayError `invalid_value` where there is nothing to answer, or tool calls and results do not match.
 */
export function toRunInput(body: ResponsesRequest, referred?: Referred): RunInput {
  const items = toInputItems(body.input, { referred, late: 'taken' });
  if (items.length === 0) {
    throw new GatewayError(
      'invalid_value',
      "Invalid value for 'input': there is nothing to answer. Send at least one message.",
      { param: 'input' },
    );
  }
  const { instructions } = body;
  return {
    modelId: body.model,
    items: instructions ? [{ role: 'system', text: instructions }, ...items] : items,
    settings: toSettings(body),
    outputFormat: toOutputFormat(body.text?.format),
    streamed: body.stream === true,
    ...toOfferedTools({ tools: body.tools ?? [], toolChoice: body.tool_choice, below: '' }),
    ...(body.user ? { user: body.user } : {}),
    metadata: body.metadata ?? {},
  };
}

function toSettings(body: ResponsesRequest): RunSettings {
  return given({
    maxOutputTokens: body.max_output_tokens,
    temperature: body.temperature,
    topP: body.top_p,
    parallelToolCalls: body.parallel_tool_calls,
    reasoningEffort: body.reasoning?.effort,
    verbosity: body.text?.verbosity,
    serviceTier: body.service_tier,
  });
}

type TextFormat = NonNullable<ResponsesRequest['text']>['format'];

function toOutputFormat(format: TextFormat): OutputFormat {
  if (format?.type !== 'json_schema') return { type: format?.type ?? 'text' };
  const { name, schema, strict } = format;
  return { type: 'json_schema', name, schema: schema ?? {}, strict: strict ?? false };
}
