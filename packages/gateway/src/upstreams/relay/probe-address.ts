import type { Dispatcher } from 'undici';
import type { UpstreamApi } from '../../protocol/records.ts';

/** What a server says of the address that is written down for it. */
export type AddressHealth =
  | { readonly type: 'answers' }
  /** It has nothing there. `better` is an address of the same server that has, where one was found. */
  | { readonly type: 'not_found'; readonly better: string | null }
  | { readonly type: 'unreachable'; readonly reason: string };

/** A server that answers at all does so in less. */
const PROBE_TIMEOUT_MS = 5000;

const apiPaths: Readonly<Record<UpstreamApi, string>> = {
  responses: '/responses',
  chat_completions: '/chat/completions',
};

/**
 * Asks whether OpenAI's API is at an address, without a key and without a question: any answer but 404 says that it is.
 * Never rejects.
 */
export async function probeAddress(
  dispatcher: Dispatcher,
  { baseUrl, api }: { readonly baseUrl: string; readonly api: UpstreamApi },
): Promise<AddressHealth> {
  try {
    if (await hasApi(dispatcher, baseUrl, api)) return { type: 'answers' };
    for (const better of otherAddresses(baseUrl)) {
      if (await hasApi(dispatcher, better, api)) return { type: 'not_found', better };
    }
    return { type: 'not_found', better: null };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { type: 'unreachable', reason: code ?? message };
  }
}

/** Some servers list no models, so the call itself is tried too: empty, it is refused where it exists. */
async function hasApi(dispatcher: Dispatcher, baseUrl: string, api: UpstreamApi): Promise<boolean> {
  const isThere = async (method: 'GET' | 'POST', path: string) =>
    !isMissing(await statusOf(dispatcher, method, baseUrl + path));
  return (await isThere('GET', '/models')) || (await isThere('POST', apiPaths[api]));
}

/** What serves pages answers a call that it does not know as a method that it does not know. */
function isMissing(status: number): boolean {
  return status === 404 || status === 405;
}

function statusOf(
  dispatcher: Dispatcher,
  method: 'GET' | 'POST',
  address: string,
): Promise<number> {
  const { origin, pathname, search } = new URL(address);
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(
      {
        origin,
        path: pathname + search,
        method,
        headers: { 'content-type': 'application/json' },
        body: method === 'POST' ? '{}' : null,
        headersTimeout: PROBE_TIMEOUT_MS,
        bodyTimeout: PROBE_TIMEOUT_MS,
      },
      {
        onRequestStart: () => undefined,
        onResponseStart(controller, status) {
          if (status < 200) return;
          resolve(status);
          // What it says else is of no interest.
          controller.abort(new Error('The status is known.'));
        },
        onResponseData: () => undefined,
        onResponseEnd: () => undefined,
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

/** Where the API mostly is when it is not where it is said to be. */
function otherAddresses(baseUrl: string): string[] {
  const whole = baseUrl.replace(/\/(?:chat\/completions|responses|completions|models)$/, '');
  const { origin } = new URL(baseUrl);
  const candidates = [whole, `${whole}/v1`, `${origin}/v1`, `${origin}/api/v1`];
  return [...new Set(candidates)].filter((each) => each !== baseUrl);
}
