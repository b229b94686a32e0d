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
    makeDirect(client, deps);
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

/**
 * Puts a function in place of the client's own, of which all calls come by. What it needs to know of the client is found
 * out at the first call: the web's own classes, which that brings along, take longer to load than most modules.
 */
function makeDirect(client: Client, deps: DirectClientDeps): void {
  const original = client.makeRequest.bind(client);
  const shared = { client, original, deps };
  let prepared: Promise<Prepared | null> | null = null;
  client.makeRequest = async (given, retriesRemaining, retryOf) => {
    const options = await given;
    if (options.path === probePath) return emptyStream(options);
    if (retriesRemaining === null && isDirect(options, shared)) {
      prepared ??= prepare(shared).catch(() => null);
      const call = directCall(options, shared, await prepared);
      if (call) return request(call);
    }
    return original(options, retriesRemaining, retryOf);
  };
}

/** What is the same of all calls of a client. */
type Prepared = {
  /** Null for headers that only the client can read. */
  readonly headersOf: (given: unknown) => Readonly<Record<string, string>> | null;
  /** Of the broker. */
  readonly origin: string;
  /** Null where its streams are not of a known class. */
  readonly streams: ReturnType<typeof directStreams> | null;
};

async function prepare({ client }: Shared): Promise<Prepared> {
  const plain = { method: 'post', path: '/responses', body: {}, stream: false };
  const { req, url } = await client.buildRequest(plain, { retryCount: 0 });
  const Stream = fieldsOf(await client.post(probePath, { stream: true })).constructor;
  const isKnown = typeof fieldsOf(Stream).fromSSEResponse === 'function';
  const streams = isKnown ? directStreams(Stream as unknown as StreamClass) : null;
  return { headersOf: createHeaders(req.headers), origin: new URL(url).origin, streams };
}

/** Null where the call has to take the client's usual way. */
function directCall(
  options: Options,
  shared: Shared,
  prepared: Prepared | null,
): DirectCall | null {
  const headers = prepared?.headersOf(options.headers);
  const body = headers ? JSON.stringify(options.body) : '';
  if (!prepared || !headers || !body || !fitsFrame(body)) return null;
  return { ...shared, ...prepared, options, headers, body };
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
function createHeaders(base: Headers): Prepared['headersOf'] {
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

type DirectCall = Shared &
  Prepared & {
    readonly options: Options;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
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

/** Nobody reads it: only its class is looked at. */
function emptyStream(options: Options): object {
  const response = { status: 200, headers: new Map(), body: null };
  const about = { requestLogID: 'log_probe', retryOfRequestLogID: undefined, startTime: 0 };
  return { response, options, controller: new AbortController(), ...about };
}
