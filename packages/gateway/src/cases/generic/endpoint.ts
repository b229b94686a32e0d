/** How an agent is asked as callers ask it. */
export type Endpoint = {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
};

/** A body that is no JSON is null. */
export type Answered = { readonly status: number; readonly body: unknown; readonly text: string };

export type Asking = Endpoint & { readonly signal: AbortSignal };

/** What to do about an answer that takes too long. */
export const moreTime = 'Make it quicker, or set max_seconds in tests/generic.yaml.';

/**
 * Asks a route; `body` makes it a POST. Rejects with the reason of the signal.
 *
 * @param asking.maxMs - How long the whole answer may take.
 * @returns A sentence where no answer came in time, or none at all.
 */
export async function askRoute(
  path: string,
  { signal, maxMs, ...endpoint }: Asking & { readonly maxMs: number },
  body?: unknown,
): Promise<Answered | string> {
  const late = AbortSignal.timeout(maxMs);
  try {
    const asking = { ...endpoint, signal: AbortSignal.any([late, signal]) };
    const response = await request(path, asking, body);
    const text = await response.text();
    return { status: response.status, body: parsed(text), text };
  } catch (error) {
    signal.throwIfAborted();
    if (late.aborted) return `It gave no answer within ${maxMs / 1000} s. ${moreTime}`;
    return `Its answer broke off: ${(error as Error).message}.`;
  }
}

/** The same without reading the answer. */
export function request(
  path: string,
  { url, key, signal }: Asking,
  body?: unknown,
): Promise<Response> {
  const authorization = `Bearer ${key}`;
  if (body === undefined) return fetch(`${url}${path}`, { headers: { authorization }, signal });
  const headers = { authorization, 'content-type': 'application/json' };
  return fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), headers, signal });
}

/** What was answered; undefined where nothing was. */
export function bodyOf(answer: Answered | string): unknown {
  return typeof answer === 'string' ? undefined : answer.body;
}

/** Why an answer is none, as an administrator is told; null where it is a good one. */
export function failureIn(answer: Answered | string): string | null {
  if (typeof answer === 'string') return answer;
  const { status, body } = answer;
  const failure = errorIn(body);
  if (failure !== null) return `It answered ${status}: ${failure}`;
  return status === 200 ? null : `It answered ${status}.`;
}

/** What an error in OpenAI's form says, with what only an administrator sees. */
export function errorIn(body: unknown): string | null {
  const error = fieldOf(body, 'error');
  const message = fieldOf(error, 'message');
  if (typeof message !== 'string') return null;
  const dropgate = fieldOf(error, 'dropgate');
  const detail = fieldOf(dropgate, 'detail') ?? fieldOf(dropgate, 'cause');
  const told = fieldOf(detail, 'message') ?? detail;
  const kind = fieldOf(detail, 'class');
  if (typeof told !== 'string') return message;
  return `${message} ${typeof kind === 'string' ? `${kind}: ` : ''}${told}`;
}

/** A field of something that may be no object. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
