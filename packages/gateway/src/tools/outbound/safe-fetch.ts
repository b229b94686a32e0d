import type { Dispatcher } from 'undici';
import sendRequest from 'undici/lib/api/api-request.js';
import { createMayConnect } from './address-rules.ts';
import { bareHost, checkUrl, type OutboundRules } from './check-url.ts';
import { createGuardedDispatcher, type Environment, hasProxy } from './dispatchers.ts';
import {
  checkedAddresses,
  guardedLookup,
  type LookupAll,
  systemLookupAll,
} from './guarded-lookup.ts';
import { OutboundError } from './outbound-error.ts';
import { type AnswerBytes, acceptedEncodings, leave, readAnswer } from './read-answer.ts';
import { afterRedirect, type Hop, isRedirect } from './redirects.ts';

/** Where a tool may go: `OutboundRules`, with the closed addresses that are open to it. */
export type OutboundSettings = Pick<OutboundRules, 'allowHosts' | 'denyHosts'> & {
  readonly allowAddresses: readonly string[];
};

export type OutboundRequest = {
  readonly method: string;
  readonly url: URL;
  /** Names in small letters; they go to the origin of `url` alone. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly maxBytes: number;
  /** Ends the call, with its reason. */
  readonly signal: AbortSignal;
};

export type OutboundAnswer = AnswerBytes & {
  readonly status: number;
  /** In small letters, with its parameters; empty where there is none. */
  readonly contentType: string;
  /** Of the page that answered, after redirects. */
  readonly url: string;
};

/** Asks servers outside, each tool within its own settings. */
export type SafeFetch = {
  /**
   * Names are checked before they are looked up, addresses before they are connected to, at the first request and at each
   * redirect.
   *
   * @throws OutboundError with a message for a model; the signal's reason after an abort.
   */
  readonly fetch: (request: OutboundRequest, settings: OutboundSettings) => Promise<OutboundAnswer>;
  /** The same for one request whose answer may go on and on: unread, unpacked by nobody, and sent on to nowhere. */
  readonly stream: (
    request: Omit<OutboundRequest, 'maxBytes'>,
    settings: OutboundSettings,
  ) => Promise<Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>>;
  readonly close: () => Promise<void>;
};

const MAX_REDIRECTS = 5;

/**
 * Makes no connection yet.
 *
 * @param deps.environment - For the names of proxies.
 */
export function createSafeFetch(deps: {
  readonly environment: Environment;
  readonly lookupAll?: LookupAll;
}): SafeFetch {
  const { environment, lookupAll = systemLookupAll } = deps;
  const lines = new Map<string, Line>();
  const lineFor = ({ allowAddresses }: OutboundSettings): Line => {
    const id = allowAddresses.join(' ');
    const known = lines.get(id);
    if (known) return known;
    const mayConnect = createMayConnect(allowAddresses);
    const lookup = guardedLookup({ lookupAll, mayConnect });
    const line = { mayConnect, dispatcher: createGuardedDispatcher(environment, lookup) };
    lines.set(id, line);
    return line;
  };
  const isProxied = hasProxy(environment);
  const ask = async ({ mayConnect, dispatcher }: Line, hop: Hop, how: Sending) => {
    // Behind a proxy it is that one which connects; what the name says here is checked all the same.
    if (isProxied) await checkProxied(bareHost(hop.url), { lookupAll, mayConnect });
    return send(dispatcher, hop, how);
  };

  return {
    async fetch({ method, url, headers = {}, body, ...request }, settings) {
      const line = lineFor(settings);
      const rules = { ...settings, mayConnect: line.mayConnect };
      let hop: Hop = { method, url: checkUrl(url, rules), headers, body: body ?? null };
      for (let redirects = 0; ; redirects += 1) {
        const answer = await ask(line, hop, { signal: request.signal });
        const location = headerOf(answer, 'location');
        if (!isRedirect(answer.statusCode, location)) return read(answer, hop.url, request);
        leave(answer.body);
        const next = afterRedirect(hop, answer.statusCode, location);
        if (redirects === MAX_REDIRECTS) {
          throw new OutboundError(`The server sends on more than ${MAX_REDIRECTS} times.`);
        }
        hop = { ...next, url: checkUrl(next.url, rules) };
      }
    },
    async stream({ method, url, headers = {}, body, signal }, settings) {
      const line = lineFor(settings);
      const checked = checkUrl(url, { ...settings, mayConnect: line.mayConnect });
      const hop = { method, url: checked, headers, body: body ?? null };
      return ask(line, hop, { signal, isStream: true });
    },
    async close() {
      await Promise.all([...lines.values()].map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}

type Line = {
  readonly mayConnect: OutboundRules['mayConnect'];
  readonly dispatcher: Dispatcher;
};

async function checkProxied(
  host: string,
  deps: { readonly lookupAll: LookupAll; readonly mayConnect: OutboundRules['mayConnect'] },
): Promise<void> {
  try {
    await checkedAddresses(host, deps);
  } catch (error) {
    // Where only the proxy knows names, it alone can tell.
    if (error instanceof OutboundError) throw error;
  }
}

type Sending = {
  readonly signal: AbortSignal;
  /** Its answer may be silent for long. */
  readonly isStream?: true;
};

async function send(
  dispatcher: Dispatcher,
  { method, url, headers, body }: Hop,
  { signal, isStream }: Sending,
): Promise<Dispatcher.ResponseData> {
  try {
    return await Reflect.apply(sendRequest, dispatcher, [
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: method as Dispatcher.HttpMethod,
        headers: {
          'user-agent': 'dropgate',
          ...headers,
          'accept-encoding': isStream ? 'identity' : acceptedEncodings,
        },
        body,
        signal,
        ...(isStream ? { bodyTimeout: 0 } : {}),
      },
    ]);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OutboundError) throw error;
    throw new OutboundError(`The host ${url.host} could not be reached${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ': there is no such name';
  if (code === 'ECONNREFUSED') return ': nothing listens there';
  if (typeof code === 'string' && code.includes('TIMEOUT')) return ' in time';
  return '';
}

async function read(
  answer: Dispatcher.ResponseData,
  url: URL,
  { maxBytes, signal }: Pick<OutboundRequest, 'maxBytes' | 'signal'>,
): Promise<OutboundAnswer> {
  const encoding = headerOf(answer, 'content-encoding');
  const { bytes, isCut } = await readAnswer(answer.body, { encoding, maxBytes, signal });
  return {
    status: answer.statusCode,
    contentType: headerOf(answer, 'content-type').toLowerCase(),
    url: url.href,
    bytes,
    isCut,
  };
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string {
  return [headers[name] ?? ''].flat().join(', ');
}
