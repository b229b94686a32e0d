import type { Dispatcher } from 'undici';
import type { RemoteUpstream } from '../upstream.ts';

/** A model that a server offers, as it lists it. */
export type ListedModel = {
  readonly id: string;
  /** `2026-12-11`; null where the server tells none. */
  readonly shutdownDate: string | null;
};

/** What a server says when it is asked for its models, with its key. */
export type ModelListing =
  | { readonly type: 'listed'; readonly models: readonly ListedModel[] }
  /** It does not take the key, or wants one. */
  | { readonly type: 'key_refused'; readonly status: number }
  /** It answers, and lists none: some servers have no such list. */
  | { readonly type: 'unlisted'; readonly status: number }
  | { readonly type: 'unreachable'; readonly reason: string };

/** A server that answers at all does so in less. */
const TIMEOUT_MS = 5000;

/** Of the longest lists there are, some hundred models, ten times the bytes. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Asks a server for the models that it offers. Never rejects. */
export async function listModels(
  dispatcher: Dispatcher,
  upstream: Pick<RemoteUpstream, 'baseUrl' | 'apiKey'>,
): Promise<ModelListing> {
  try {
    const { status, text } = await read(dispatcher, upstream);
    if (status === 401 || status === 403) return { type: 'key_refused', status };
    const models = status === 200 ? modelsIn(text) : null;
    return models ? { type: 'listed', models } : { type: 'unlisted', status };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { type: 'unreachable', reason: code ?? message };
  }
}

function read(
  dispatcher: Dispatcher,
  { baseUrl, apiKey }: Pick<RemoteUpstream, 'baseUrl' | 'apiKey'>,
): Promise<{ status: number; text: string }> {
  const { origin, pathname } = new URL(`${baseUrl}/models`);
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  let status = 0;
  let bytes = 0;
  const pieces: Buffer[] = [];
  let request: Dispatcher.DispatchController | null = null;
  // Also while it connects, which no limit of the request itself covers, and of a list that comes bit by bit.
  const timer = setTimeout(() => {
    const error = new Error(`no answer in ${TIMEOUT_MS} ms`);
    reject(error);
    request?.abort(error);
  }, TIMEOUT_MS);
  const settled = promise.finally(() => clearTimeout(timer));
  dispatcher.dispatch(
    {
      origin,
      path: pathname,
      method: 'GET',
      headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    },
    {
      onRequestStart(controller) {
        request = controller;
      },
      onResponseStart(_controller, told) {
        status = told;
      },
      onResponseData(controller, piece) {
        bytes += piece.length;
        pieces.push(piece);
        if (bytes > MAX_BYTES) controller.abort(new Error('a list that is too long'));
      },
      onResponseEnd: () => resolve({ status, text: Buffer.concat(pieces).toString() }),
      onResponseError: (_controller, error) => reject(error),
    },
  );
  return settled;
}

/** Null for what is no list of models. */
function modelsIn(text: string): ListedModel[] | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return null;
  }
  const listed = (answer as { data?: unknown } | null)?.data;
  if (!Array.isArray(listed)) return null;
  return listed.flatMap((each: { id?: unknown; shutdown_date?: unknown } | null) => {
    if (typeof each?.id !== 'string') return [];
    const date = each.shutdown_date;
    return [{ id: each.id, shutdownDate: typeof date === 'string' ? dayIn(date) : null }];
  });
}

/** Null where it begins with no day that there is: a server may say anything. */
function dayIn(text: string): string | null {
  const [day] = /^\d{4}-\d{2}-\d{2}/.exec(text) ?? [];
  if (day === undefined) return null;
  const ms = Date.parse(day);
  const isDay = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
  return isDay ? day : null;
}
