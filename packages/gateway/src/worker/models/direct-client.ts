import type { SdkCopy } from '../loaded-module.ts';
import { runScope } from '../run/run-scope.ts';
import { callsAtLoad } from '../script/calls-at-load.ts';
import { classNameOf, fieldsOf } from '../sdk.ts';
import { createBrokerResponse } from './broker-response.ts';
import { directStreams, type StreamClass } from './direct-stream.ts';
import { type FirstAnswer, withFirstAnswer } from './first-answer.ts';
import { fitsFrame } from './fits-frame.ts';
import type { ModelLine } from './model-line.ts';

export type DirectClientDeps = {
  readonly line: ModelLine;
  readonly brokerBaseUrl: string;
  /** What this process was given as its `fetch`: a client with another one is its author's matter. */
  readonly fetch: typeof globalThis.fetch;
};

/**
 * Gives a copy of the SDK a default client whose model calls go straight to the channel, past all that a client does on
 * its way to `fetch`. It is one that the SDK itself made, of its own copy of `openai`: errors, retries, parsing and
 * streams are that client's. The author's own default client is left alone, as is a copy that lets a default client
 * stand before what an author's provider was given.
 */
export async function useDirectClient(sdk: SdkCopy, deps: DirectClientDeps): Promise<void> {
  const { getDefaultOpenAIClient: get, setDefaultOpenAIClient: set } = sdk;
  if (typeof get !== 'function' || typeof set !== 'function' || get() !== undefined) return;
  try {
    const client = await clientOfProvider(sdk, {});
    if (!client || !isUsual(client, deps)) return;
    await makeDirect(client, deps);
    if (get() !== undefined) return;
    set(client);
    const own = await clientOfProvider(sdk, { apiKey: 'another', baseURL: deps.brokerBaseUrl });
    if (own === client || (await clientOfProvider(sdk, {})) !== client) set(undefined);
  } catch {
    // A client of another shape works as it is.
  }
}

/** A client of the `openai` package, as far as it is used; what is no public contract of it is tested for. */
type Client = {
  readonly baseURL: string;
  readonly fetch: unknown;
  readonly timeout: number;
  readonly logLevel?: unknown;
  makeRequest: MakeRequest;
  readonly buildRequest: (
    options: object,
    state: { readonly retryCount: number },
  ) => Promise<{ readonly req: { readonly headers: Headers }; readonly url: string }>;
  readonly post: (path: string, options: object) => PromiseLike<unknown>;
};

type Options = Readonly<Record<string, unknown>>;
type MakeRequest = (
  options: Options | Promise<Options>,
  retriesRemaining: number | null,
  retryOf: string | undefined,
) => Promise<object>;

/** The client that a provider of the SDK asks models with; null where it does not tell. */
async function clientOfProvider(sdk: SdkCopy, options: object): Promise<Client | null> {
  const { OpenAIProvider } = sdk;
  if (typeof OpenAIProvider !== 'function') return null;
  const given = [{ ...options, useResponses: true }];
  const provider = fieldsOf(Reflect.construct(OpenAIProvider, given)) as {
    getModel?: (name: string) => unknown;
  };
  const model = await provider.getModel?.('gpt-4o');
  const { _client: client } = fieldsOf(model);
  return classNameOf(model).includes('WS') ? null : ((client as Client | undefined) ?? null);
}

function isUsual(client: Client, deps: DirectClientDeps): boolean {
  return (
    client.baseURL === deps.brokerBaseUrl &&
    client.fetch === deps.fetch &&
    client.logLevel !== 'debug' &&
    typeof client.makeRequest === 'function' &&
    typeof client.buildRequest === 'function'
  );
}

const paths: ReadonlySet<unknown> = new Set(['/responses', '/chat/completions']);
/** A path that never leaves this process: what comes of it is of the client's stream class. */
const probePath = '/dropgate-stream';

async function makeDirect(client: Client, deps: DirectClientDeps): Promise<void> {
  const original = client.makeRequest.bind(client);
  const plain = { method: 'post', path: '/responses', body: {}, stream: false };
  const { req, url } = await client.buildRequest(plain, { retryCount: 0 });
  const shared = { client, original, deps, origin: new URL(url).origin };
  const headersOf = createHeaders(req.headers);
  let streams: ReturnType<typeof directStreams> | null = null;
  const makeRequest: MakeRequest = async (given, retriesRemaining, retryOf) => {
    const options = await given;
    if (options.path === probePath) return emptyStream(options);
    const call = retriesRemaining === null && isDirect(options, shared) ? options : null;
    const headers = call && headersOf(call.headers);
    const body = call && JSON.stringify(call.body);
    if (!call || !headers || !body || !fitsFrame(body)) {
      return original(options, retriesRemaining, retryOf);
    }
    return request({ ...shared, options: call, headers, body, streams });
  };
  client.makeRequest = makeRequest;
  const Stream = fieldsOf(await client.post(probePath, { stream: true })).constructor;
  if (typeof fieldsOf(Stream).fromSSEResponse === 'function') {
    streams = directStreams(Stream as unknown as StreamClass);
  }
}

type Shared = {
  readonly client: Client;
  readonly original: MakeRequest;
  readonly deps: DirectClientDeps;
};

/** Options that change nothing of how a call is sent. */
const knownOptions: ReadonlySet<string> = new Set([
  'method',
  'path',
  'body',
  'headers',
  'signal',
  'maxRetries',
  'stream',
  '__security',
  '__metadata',
]);

function isDirect(options: Options, { client, deps }: Shared): boolean {
  if (!paths.has(options.path) || options.method !== 'post' || !callsAtLoad.isOver()) return false;
  if (client.baseURL !== deps.brokerBaseUrl || client.fetch !== deps.fetch) return false;
  if (client.logLevel === 'debug' || !isPlainObject(options.body)) return false;
  for (const name in options) {
    if (options[name] !== undefined && !knownOptions.has(name)) return false;
  }
  const { signal } = options;
  return signal === undefined || signal === null || signal instanceof AbortSignal;
}

/** The client's headers with those of a call, names in small letters; null for what only the client can read. */
function createHeaders(base: Headers): (given: unknown) => Readonly<Record<string, string>> | null {
  const own: Record<string, string> = {};
  for (const [name, value] of base) {
    const isOfCall = /^(?:authorization|content-length|idempotency-key)$|^x-stainless-/.test(name);
    if (!isOfCall) own[name] = value;
  }
  own['content-type'] ??= 'application/json';
  return (given) => {
    if (given === undefined || given === null) return own;
    if (!isPlainObject(given)) return null;
    const headers = { ...own };
    for (const [name, value] of Object.entries(given)) {
      if (typeof value !== 'string') return null;
      if (name.toLowerCase() !== 'authorization') headers[name.toLowerCase()] = value;
    }
    return headers;
  };
}

function isPlainObject(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

type DirectCall = Shared & {
  readonly origin: string;
  readonly options: Options;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly streams: ReturnType<typeof directStreams> | null;
};

/** Sends a call. What is no success goes through the client's own way, which finds the answer there. */
async function request(call: DirectCall): Promise<object> {
  const { options, origin, deps, streams, client } = call;
  const signal = options.signal as AbortSignal | undefined | null;
  const path = `/v1${options.path}`;
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (signal?.aborted) return again(call, { error: signal.reason });
  signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(abort, client.timeout);
  try {
    const answer = await deps.line.call({
      method: 'POST',
      path,
      headers: call.headers,
      body: Buffer.from(call.body),
      runId: runScope.getStore()?.runId,
      signal: controller.signal,
    });
    const needs = options.path === '/chat/completions' ? 'choices' : null;
    const response = createBrokerResponse(answer, { url: origin + path, needs });
    if (!response.ok) return again(call, { response });
    const read = options.stream === true && streams ? { __streamClass: streams } : {};
    return {
      response,
      options: { ...options, ...read },
      controller,
      requestLogID: 'log_direct',
      retryOfRequestLogID: undefined,
      startTime: Date.now(),
    };
  } catch (error) {
    return again(call, { error });
  } finally {
    clearTimeout(timer);
  }
}

function again({ original, options }: DirectCall, first: FirstAnswer): Promise<object> {
  return withFirstAnswer(first, () => original(options, null, undefined));
}

function emptyStream(options: Options): object {
  const response = new Response('', { headers: { 'content-type': 'text/event-stream' } });
  const about = { requestLogID: 'log_probe', retryOfRequestLogID: undefined, startTime: 0 };
  return { response, options, controller: new AbortController(), ...about };
}
