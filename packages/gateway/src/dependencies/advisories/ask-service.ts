import { EnvHttpProxyAgent, request } from 'undici';

/** Of one answer. */
const TIMEOUT_MS = 20_000;

/** Of the longest answers there are, some megabytes, a few times the bytes. */
const MAX_BYTES = 32 * 1024 * 1024;

/** A service that answers JSON; through the proxies that the environment names. */
export type AskService = {
  /**
   * Posts JSON.
   *
   * @throws ServiceError where no answer comes, or none that makes sense.
   */
  readonly post: (url: string, body: unknown) => Promise<unknown>;
  readonly close: () => Promise<void>;
};

/** Why a service gave no answer; `message` fits behind "it cannot be reached:". */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
}

export function createAskService(
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): AskService {
  const named = (name: string) => environment[name] || environment[name.toUpperCase()];
  const [httpProxy, httpsProxy, noProxy] = ['http_proxy', 'https_proxy', 'no_proxy'].map(named);
  const dispatcher = new EnvHttpProxyAgent({
    ...(httpProxy && { httpProxy }),
    ...(httpsProxy && { httpsProxy }),
    ...(noProxy && { noProxy }),
    connect: { timeout: TIMEOUT_MS },
  });
  return {
    async post(url, body) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        const answer = await request(url, {
          dispatcher,
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json' },
          body: JSON.stringify(body),
          signal: limit,
        });
        const text = await bounded(answer.body);
        if (answer.statusCode !== 200) throw new ServiceError(`it answers ${answer.statusCode}`);
        return parsed(text);
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        throw new ServiceError(reasonOf(error, limit), { cause: error });
      }
    },
    close: () => dispatcher.destroy(),
  };
}

async function bounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > MAX_BYTES) throw new ServiceError('its answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError('its answer is no JSON');
  }
}

function reasonOf(error: unknown, limit: AbortSignal): string {
  if (limit.aborted) return `no answer in ${TIMEOUT_MS / 1000} s`;
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
