import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { LLMock } from '@copilotkit/aimock';
import { asksForModels } from '../support/model-list.ts';

/** One model call as it reached the upstream. */
export type UpstreamCall = {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  /** `aborted` where the caller left before the answer was whole. */
  readonly outcome: 'running' | 'answered' | 'aborted';
  /** Resolves when it ended, either way. */
  readonly ended: Promise<void>;
};

/** An upstream that speaks OpenAI's API, and a journal of what it was asked. */
export type TestUpstream = {
  /** With `/v1`, for `OPENAI_BASE_URL`. */
  readonly baseUrl: string;
  /** Where answers are made up: `mock.onMessage('hello', { content: 'Hi.' })`. */
  readonly mock: LLMock;
  /** In order of arrival, without the gateway's own question which models there are. */
  readonly calls: readonly UpstreamCall[];
  /** Calls whose last user message holds `text`. */
  callsAbout(text: string): readonly UpstreamCall[];
  stop(): Promise<void>;
};

/**
 * Starts aimock behind a front that keeps the journal: aimock's own hides the key it was sent and
 * does not see that a caller left.
 */
export async function startUpstream(): Promise<TestUpstream> {
  const mock = await LLMock.create({ port: 0, logLevel: 'silent' });
  const calls: UpstreamCall[] = [];
  const front = http.createServer((request, response) => {
    relay({ request, response, target: mock.url, journal: calls }).catch(() => response.destroy());
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const { port } = front.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    mock,
    calls,
    callsAbout: (text) => calls.filter((call) => lastUserText(call.body).includes(text)),
    stop: async () => {
      front.closeAllConnections();
      front.close();
      await mock.stop();
    },
  };
}

type Relay = {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly target: string;
  readonly journal: UpstreamCall[];
};

async function relay({ request, response, target, journal }: Relay): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const call = {
    path: request.url ?? '',
    headers: request.headers,
    body: body.length > 0 ? JSON.parse(body.toString()) : {},
    outcome: 'running' as UpstreamCall['outcome'],
    ended,
  };
  if (!asksForModels(call.path)) journal.push(call);

  const onward = http.request(new URL(request.url ?? '/', target), {
    method: request.method ?? 'GET',
    headers: request.headers,
  });
  response.once('close', () => {
    call.outcome = response.writableFinished ? 'answered' : 'aborted';
    onward.destroy();
    resolve();
  });
  onward.once('error', () => response.destroy());
  onward.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
  });
  onward.end(body);
}

/** Text of the last user message, of a body of either API. */
function lastUserText(body: Readonly<Record<string, unknown>>): string {
  const items = body.messages ?? body.input;
  if (!Array.isArray(items)) return String(items ?? '');
  return JSON.stringify(items.findLast((item) => item.role === 'user')?.content ?? '');
}
