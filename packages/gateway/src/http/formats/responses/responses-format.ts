import { unknownFields } from '../../../protocol/formats/openai-fields.ts';
import {
  type ResponsesRequest,
  responsesRequestSchema,
} from '../../../protocol/formats/openai-responses.ts';
import { holdAnswer } from '../answer-room.ts';
import type { Answered, RunFormat } from '../run-format.ts';
import type { ResponseHead } from './resource.ts';
import { toRunInput } from './responses-input.ts';
import { createResponsesStream } from './responses-stream.ts';
import { wholeResponse } from './responses-whole.ts';

/** OpenAI's Responses API, also for clients whose base URL lacks `/v1`. */
export const responsesFormat: RunFormat<ResponsesRequest> = {
  urls: ['/v1/responses', '/responses'],
  summary: 'Run an agent, and get a response.',
  body: responsesRequestSchema,
  toRunInput,
  fields: {
    items: 'input',
    outputFormat: 'text.format',
    tools: 'tools',
    maxOutputTokens: 'max_output_tokens',
    temperature: 'temperature',
    topP: 'top_p',
    parallelToolCalls: 'parallel_tool_calls',
    reasoningEffort: 'reasoning.effort',
    verbosity: 'text.verbosity',
    serviceTier: 'service_tier',
  },
  unknownFields: (body) => unknownFields(body, responsesRequestSchema),
  whole: (events, answered) => wholeResponse(events, optionsOf(answered)),
  stream: (answered) => createResponsesStream(optionsOf(answered), answered.role),
};

/** The last event of a stream tells the whole answer again, so that it is held too. */
const unlimited = 'Ask over chat completions with "stream": true, where there is no limit.';

function optionsOf({ runId, body, presentation, hold }: Answered<ResponsesRequest>) {
  const room = holdAnswer(hold(), { unlimited });
  return { head: headOf(runId, body), presentation, room };
}

/** The run's id is in it, so that log and answer can be matched. */
function headOf(runId: string, request: ResponsesRequest): ResponseHead {
  const id = `resp_${runId.replace(/^run_/, '')}`;
  return { id, createdSeconds: Math.floor(Date.now() / 1000), request };
}
