import type {
  Response,
  ResponseCreateParamsBase,
  ResponseStreamEvent,
  ResponseUsage,
} from 'openai/resources/responses/responses';
import { expect } from 'vitest';
import type { Answer, Request } from './ask.ts';
import type { TestGateway } from './harness.ts';

/** Asks `POST /v1/responses` for a whole answer. Throws what the client throws. */
export async function askResponse(gateway: TestGateway, request: Request): Promise<Answer> {
  const asked = bodyOf(request);
  const response = await clientFor(gateway, request).responses.create({ ...asked, stream: false });
  return answerOf(response);
}

/** The same as a stream, put together from its deltas. Throws what the client throws, also in the middle. */
export async function askResponseStream(gateway: TestGateway, request: Request): Promise<Answer> {
  const asked = bodyOf(request);
  const stream = await clientFor(gateway, request).responses.create({ ...asked, stream: true });
  const events: ResponseStreamEvent[] = await Array.fromAsync(stream);
  expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()]);
  const last = events.at(-1);
  const response =
    last?.type === 'response.completed' || last?.type === 'response.incomplete'
      ? last.response
      : expect.unreachable(`The stream ends with ${last?.type}`);
  const answer = answerOf(response);
  const deltas = (type: ResponseStreamEvent['type']) =>
    events.flatMap((event) => (event.type === type && 'delta' in event ? [event.delta] : []));
  expect(deltas('response.output_text.delta').join('')).toBe(answer.content);
  expect(deltas('response.reasoning_summary_text.delta').join('')).toBe(answer.reasoning);
  return answer;
}

function answerOf(response: Response): Answer {
  const waiting = response.output.filter(
    (item) => item.type === 'mcp_approval_request' || item.type === 'function_call',
  );
  const told = response.output.filter(({ type }) => type === 'message' || type === 'reasoning');
  expect(told.length + waiting.length).toBe(response.output.length);
  const thoughts = response.output.flatMap((item) =>
    item.type === 'reasoning' ? item.summary.map(({ text }) => text) : [],
  );
  return {
    content: textOf(response),
    finishReason: finishOf(response),
    usage: response.usage && inChatTerms(response.usage),
    reasoning: thoughts.join(''),
    activity: [],
    waitsFor: waiting.map(({ name }) => name),
  };
}

function inChatTerms(usage: ResponseUsage) {
  return {
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    total_tokens: usage.total_tokens,
    prompt_tokens_details: { cached_tokens: usage.input_tokens_details.cached_tokens },
    completion_tokens_details: usage.output_tokens_details,
  };
}

/** What the messages say, as the client's own `output_text` joins them. */
function textOf({ output }: Response): string {
  const messages = output.filter((item) => item.type === 'message');
  return messages
    .map(({ content }) =>
      content.map((part) => (part.type === 'output_text' ? part.text : part.refusal)).join(''),
    )
    .join('');
}

function finishOf({ status, incomplete_details: details }: Response): string {
  if (status === 'completed') return 'stop';
  return details?.reason === 'max_output_tokens' ? 'length' : (details?.reason ?? `${status}`);
}

function bodyOf({ model, messages, tools }: Request): ResponseCreateParamsBase {
  const declared = (tools ?? []).flatMap((tool) =>
    tool.type === 'function'
      ? [
          {
            type: 'function' as const,
            ...tool.function,
            parameters: tool.function.parameters ?? {},
            strict: false,
          },
        ]
      : [],
  );
  const input =
    typeof messages === 'string'
      ? messages
      : (messages as ResponseCreateParamsBase['input'] & object);
  return { model, input, ...(tools ? { tools: declared } : {}) };
}

function clientFor(gateway: TestGateway, { apiKey }: Request) {
  return gateway.client(apiKey === undefined ? {} : { apiKey });
}
