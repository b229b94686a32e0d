import { APIError } from 'openai';
import type { ChatCompletionChunk, ChatCompletionCreateParams } from 'openai/resources';
import { expect } from 'vitest';
import type { TestGateway } from './harness.ts';

/** An answer as a caller with OpenAI's client has it, whole or put together from a stream. */
export type Answer = {
  readonly content: string;
  readonly finishReason: string | null;
  readonly usage: { readonly total_tokens: number } | null | undefined;
  /** Of a stream: what it told beside the text, in order. */
  readonly reasoning: string;
  readonly activity: readonly Readonly<Record<string, unknown>>[];
  /** Tools whose calls wait, for a person or for the caller. */
  readonly waitsFor: readonly string[];
};

export type Request = Omit<ChatCompletionCreateParams, 'messages' | 'stream'> & {
  /** One message of the user, or the whole conversation. */
  readonly messages: string | ChatCompletionCreateParams['messages'];
  /** The admin's without it. */
  readonly apiKey?: string;
};

type Chunk = ChatCompletionChunk & { readonly x_agent?: Readonly<Record<string, unknown>> };

/** Asks for a whole answer. Throws what the client throws. */
async function askWhole(gateway: TestGateway, request: Request): Promise<Answer> {
  const { apiKey, ...asked } = request;
  const body = { ...asked, messages: messagesOf(request) };
  const { choices, usage } = await clientFor(gateway, apiKey).chat.completions.create(body);
  const { content, tool_calls: calls = [] } = choices[0]?.message ?? {};
  return {
    content: content ?? '',
    finishReason: choices[0]?.finish_reason ?? null,
    usage,
    reasoning: '',
    activity: [],
    waitsFor: waitsFor(content ?? '', calls),
  };
}

/** Asks for a streamed answer, tokens included. Throws what the client throws, also in the middle. */
export async function askStreamed(gateway: TestGateway, request: Request): Promise<Answer> {
  const { apiKey, ...asked } = request;
  const stream = await clientFor(gateway, apiKey).chat.completions.create({
    ...asked,
    messages: messagesOf(request),
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: Chunk[] = await Array.fromAsync(stream);
  const deltas = chunks.map(
    (chunk) => (chunk.choices[0]?.delta ?? {}) as Readonly<Record<string, string | undefined>>,
  );
  const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
  const content = deltas.map((delta) => delta.content ?? '').join('');
  return {
    content,
    finishReason: chunks.findLast((chunk) => chunk.choices[0])?.choices[0]?.finish_reason ?? null,
    usage: chunks.at(-1)?.usage,
    reasoning: deltas.map((delta) => delta.reasoning_content ?? '').join(''),
    activity: chunks.flatMap((chunk) => (chunk.x_agent ? [chunk.x_agent] : [])),
    waitsFor: waitsFor(content, calls),
  };
}

/** A person is asked in the text, the caller by calls. */
function waitsFor(text: string, calls: readonly object[]): string[] {
  const asked = [...text.matchAll(/asks for approval to call `(\w+)`/g)];
  const names = calls.map((call) => (call as { function?: { name?: string } }).function?.name);
  return [...asked.map(([, tool = '']) => tool), ...names.map((name) => name ?? '')];
}

function clientFor(gateway: TestGateway, apiKey: string | undefined) {
  return gateway.client(apiKey === undefined ? {} : { apiKey });
}

/** Both ways to ask, for `test.each`. */
export const ways = [
  { way: 'whole', ask: askWhole },
  { way: 'streamed', ask: askStreamed },
] as const;

/** The error of a call that has to fail. */
export async function failureOf(call: Promise<unknown>): Promise<APIError> {
  const thrown = await call.then(
    (answer) => expect.unreachable(`It was answered: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(APIError);
  return thrown as APIError;
}

function messagesOf({ messages }: Request): ChatCompletionCreateParams['messages'] {
  return typeof messages === 'string' ? [{ role: 'user', content: messages }] : messages;
}
