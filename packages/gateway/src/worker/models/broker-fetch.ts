import type { Dispatcher } from 'undici';
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { runHeader } from '../../protocol/worker/broker-headers.ts';
import { runScope } from '../run/run-scope.ts';
import { brokerFailure, createBrokerResponse } from './broker-response.ts';

type FetchInput = Parameters<typeof globalThis.fetch>[0];
type FetchInit = Parameters<typeof globalThis.fetch>[1];

/**
 * Replaces `globalThis.fetch`: calls to the broker take undici's `request`, which costs a fraction of the CPU,
 * and carry the current run's id; all others are untouched. To be called before a module is loaded, because
 * clients keep the `fetch` they find when they are made.
 */
export function installBrokerFetch(options: {
  readonly brokerBaseUrl: string;
  readonly token: string | undefined;
}): void {
  globalThis.fetch = createBrokerFetch({ ...options, original: globalThis.fetch });
}

/** Makes the replacement without installing it. */
export function createBrokerFetch(deps: {
  readonly brokerBaseUrl: string;
  /** What the broker takes: it knows no key that a module brings for its clients. */
  readonly token?: string | undefined;
  readonly original: typeof globalThis.fetch;
}): typeof globalThis.fetch {
  const { origin } = new URL(deps.brokerBaseUrl);
  const { token } = deps;
  // The client and the broker have deadlines of their own; a model may think for minutes between two bytes.
  const broker = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0, pipelining: 1 });
  return (input, init) => {
    const path = pathAt(origin, input);
    if (path === null) return deps.original(input, init);
    const body = sendableBody(input, init);
    return body === undefined
      ? deps.original(input, withOwnHeaders(input, init, token))
      : fetchFromBroker(broker, init ?? {}, { url: origin + path, path, body, token });
  };
}

type BrokerRequest = {
  readonly url: string;
  readonly path: string;
  readonly body: SentBody;
  readonly token: string | undefined;
};

async function fetchFromBroker(
  broker: Dispatcher,
  init: NonNullable<FetchInit>,
  { url, path, body, token }: BrokerRequest,
): Promise<Response> {
  const signal = init.signal ?? undefined;
  const method = (init.method ?? 'GET').toUpperCase();
  signal?.throwIfAborted();
  let answer: Dispatcher.ResponseData;
  try {
    answer = await request.call(broker, {
      path,
      method: method as Dispatcher.HttpMethod,
      headers: headersOf(init.headers, body, token),
      body,
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw brokerFailure(new TypeError('fetch failed', { cause: error }));
  }
  const isCompletion = method === 'POST' && path.endsWith('/chat/completions');
  return createBrokerResponse(answer, { url, signal, needs: isCompletion ? 'choices' : null });
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

/** The body where this way can send it; undefined leaves forms, blobs, streams and `Request`s to the original. */
function sendableBody(input: FetchInput, init: FetchInit): SentBody | undefined {
  if (typeof input !== 'string' && !(input instanceof URL)) return undefined;
  const body = init?.body ?? null;
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  return undefined;
}

function headersOf(
  given: NonNullable<FetchInit>['headers'],
  body: SentBody,
  token: string | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of given instanceof Headers ? given : new Headers(given)) {
    headers[name] = value;
  }
  headers.accept ??= '*/*';
  if (typeof body === 'string') headers['content-type'] ??= 'text/plain;charset=UTF-8';
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  const runId = runScope.getStore()?.runId;
  if (runId !== undefined) headers[runHeader] = runId;
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
