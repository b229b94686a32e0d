import { runHeader } from '../../protocol/worker/broker-headers.ts';
import { maxFrameBytes, maxPathLength } from '../../protocol/worker/frame-limits.ts';
import { runScope } from '../run/run-scope.ts';
import { brokerFailure, isBrokerFailure } from './broker-failure.ts';
import { createBrokerResponse } from './broker-response.ts';
import { takeFirstAnswer } from './first-answer.ts';
import { fitsFrame } from './fits-frame.ts';
import type { ModelAnswer, ModelLine } from './model-line.ts';

type FetchInput = Parameters<typeof globalThis.fetch>[0];
type FetchInit = Parameters<typeof globalThis.fetch>[1];

type BrokerFetchDeps = {
  readonly brokerBaseUrl: string;
  /** What the broker takes: it knows no key that a module brings for its clients. */
  readonly token?: string | undefined;
  readonly line: ModelLine;
};

/**
 * Replaces `globalThis.fetch`: calls to the broker go over the channel, which costs a fraction of the CPU, and carry the
 * current run's id; all others are untouched. To be called before a module is loaded, because clients keep the `fetch`
 * they find when they are made.
 */
export function installBrokerFetch(deps: BrokerFetchDeps): void {
  globalThis.fetch = createBrokerFetch({ ...deps, original: globalThis.fetch });
}

/**
 * Makes the replacement without installing it. Forms, blobs, streams and what is too long for the channel go to the broker
 * through the original.
 */
export function createBrokerFetch(
  deps: BrokerFetchDeps & { readonly original: typeof globalThis.fetch },
): typeof globalThis.fetch {
  const { origin } = new URL(deps.brokerBaseUrl);
  const { token, line } = deps;
  return (input, init) => {
    const path = pathAt(origin, input);
    if (path === null) return deps.original(input, init);
    const first = takeFirstAnswer();
    if (first)
      return 'error' in first ? Promise.reject(first.error) : Promise.resolve(first.response);
    const body = path.length > maxPathLength ? undefined : sendableBody(input, init);
    return body === undefined
      ? deps.original(input, withOwnHeaders(input, init, token))
      : fetchOverLine(line, init ?? {}, { url: origin + path, path, body });
  };
}

type BrokerRequest = { readonly url: string; readonly path: string; readonly body: SentBody };

async function fetchOverLine(
  line: ModelLine,
  init: NonNullable<FetchInit>,
  { url, path, body }: BrokerRequest,
): Promise<Response> {
  const signal = init.signal ?? undefined;
  const method = (init.method ?? 'GET').toUpperCase();
  const headers = headersOf(init.headers, body);
  const runId = runScope.getStore()?.runId;
  let answer: ModelAnswer;
  try {
    answer = await line.call({ method, path, headers, body: bytesOf(body), runId, signal });
  } catch (error) {
    throw isBrokerFailure(error) ? fetchFailed(error) : error;
  }
  const isCompletion = method === 'POST' && path.endsWith('/chat/completions');
  return createBrokerResponse(answer, { url, needs: isCompletion ? 'choices' : null });
}

function fetchFailed(cause: unknown): Error {
  return brokerFailure(new TypeError('fetch failed', { cause }));
}

/** Path and query of a URL at the broker, taken without parsing it: this runs for every call. Null for other servers. */
function pathAt(origin: string, input: FetchInput): string | null {
  const url = typeof input === 'string' ? input : 'href' in input ? input.href : input.url;
  if (!url.startsWith(origin)) return null;
  const [path = ''] = url.slice(origin.length).split('#', 1);
  if (path === '' || path.startsWith('?')) return `/${path}`;
  return path.startsWith('/') ? path : null;
}

type SentBody = string | Uint8Array | null;

/** The body where the channel can take it; undefined leaves all others, and `Request`s, to the original. */
function sendableBody(input: FetchInput, init: FetchInit): SentBody | undefined {
  if (typeof input !== 'string' && !(input instanceof URL)) return undefined;
  const given = init?.body ?? null;
  const body = given instanceof ArrayBuffer ? new Uint8Array(given) : given;
  if (body === null) return body;
  if (typeof body === 'string') return fitsFrame(body) ? body : undefined;
  return body instanceof Uint8Array && body.length <= maxFrameBytes ? body : undefined;
}

function bytesOf(body: SentBody): Uint8Array | null {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

/** Without those that are about the connection, or for the broker's own eyes: the channel says who calls, and for which run. */
function headersOf(
  given: NonNullable<FetchInit>['headers'],
  body: SentBody,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of given instanceof Headers ? given : new Headers(given)) {
    if (name !== 'authorization' && name !== runHeader) headers[name] = value;
  }
  headers.accept ??= '*/*';
  if (typeof body === 'string') headers['content-type'] ??= 'text/plain;charset=UTF-8';
  return headers;
}

function withOwnHeaders(input: FetchInput, init: FetchInit, token: string | undefined): FetchInit {
  const runId = runScope.getStore()?.runId;
  if (runId === undefined && token === undefined) return init;
  const inherited = typeof input === 'object' && 'headers' in input ? input.headers : undefined;
  const headers = new Headers(init?.headers ?? inherited);
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (runId !== undefined) headers.set(runHeader, runId);
  return { ...init, headers };
}
