import { GatewayError } from '../../../errors.ts';
import { responseAnswer } from '../../../protocol/formats/openai-answers.ts';
import { unknownFields } from '../../../protocol/formats/openai-fields.ts';
import {
  type ResponsesRequest,
  responsesRequestSchema,
} from '../../../protocol/formats/openai-responses.ts';
import type { TurnWanted } from '../../../runs/turns/turn-types.ts';
import { holdAnswer } from '../answer-room.ts';
import type { Answered, RunFormat } from '../run-format.ts';
import { referencesIn } from './input-items.ts';
import { conversationOf, type ResponseHead } from './resource.ts';
import { toRunInput } from './responses-input.ts';
import { createResponsesStream } from './responses-stream.ts';
import { wholeResponse } from './responses-whole.ts';
import { server_label } from './waiting-calls.ts';

/** OpenAI's Responses API, also for clients whose base URL lacks `/v1`. */
export const responsesFormat: RunFormat<ResponsesRequest> = {
  urls: ['/v1/responses', '/responses'],
  summary: 'Run an agent, and get a response.',
  body: responsesRequestSchema,
  answer: responseAnswer,
  references: ({ input }) => referencesIn(input),
  toRunInput,
  namesUser: (body) => body,
  turn: toTurn,
  following: (body, previous_response_id) => ({ ...body, previous_response_id }),
  fields: {
    previousId: 'previous_response_id',
    conversationId: 'conversation',
    outlives: 'background',
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
  background: (answered) => createResponsesStream(optionsOf(answered), answered.role),
};

/** @throws GatewayError `invalid_value` where the turn would follow two others. */
function toTurn(body: ResponsesRequest): TurnWanted {
  const previousId = body.previous_response_id ?? null;
  const conversationId = conversationOf(body);
  if (previousId !== null && conversationId !== null) {
    throw new GatewayError(
      'invalid_value',
      "A response follows another or is a turn of a conversation: send 'previous_response_id' or 'conversation', not both.",
      { param: 'previous_response_id' },
    );
  }
  return {
    previousId,
    conversationId,
    keeps: body.store !== false,
    outlives: body.background === true,
    leading: body.instructions ? 1 : 0,
  };
}

/** The last event of a stream tells the whole answer again, so that it is held too. */
const unlimited = 'Ask over chat completions with "stream": true, where there is no limit.';

function optionsOf(answered: Answered<ResponsesRequest>) {
  const { runId, waitingRunId, body, presentation, isKept, hold, onAnswer } = answered;
  const room = holdAnswer(hold(), { unlimited });
  const head = { ...headOf(runId, body), isKept };
  const asksInText = !readsRequests(body, answered.userAgent);
  return { head, presentation, waitingRunId, asksInText, room, onAnswer };
}

/**
 * Whether a client reads `mcp_approval_request`. `@openai/agents` throws at one, unless its agent has a hosted MCP tool of
 * that label, which its requests then declare.
 */
function readsRequests({ tools }: ResponsesRequest, userAgent: string): boolean {
  return !userAgent.startsWith('Agents/') || (tools ?? []).some(isOurs);
}

function isOurs(tool: unknown): boolean {
  if (typeof tool !== 'object' || tool === null) return false;
  return (
    'type' in tool &&
    tool.type === 'mcp' &&
    'server_label' in tool &&
    tool.server_label === server_label
  );
}

/** The run's id is in it, so that log and answer can be matched. */
function headOf(runId: string, request: ResponsesRequest): Omit<ResponseHead, 'isKept'> {
  const id = `resp_${runId.replace(/^run_/, '')}`;
  return { id, createdSeconds: Math.floor(Date.now() / 1000), request };
}
