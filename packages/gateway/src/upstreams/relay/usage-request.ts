import type { IncomingHttpHeaders } from 'node:http';
import type { UpstreamApi } from '../../protocol/records.ts';
import { asksForStream, parseObject, writtenBody } from './request-body.ts';

/** A streamed chat completion that asks for its count, where its worker did not. */
export type UsageRequest = {
  readonly body: Buffer;
  /** Whether the event with the count is to be kept from the worker; the SDK takes it, other clients may not. */
  readonly hidesCount: boolean;
};

type AskedCall = {
  readonly api: UpstreamApi | null;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
};

/** Statuses that a server may answer a field it does not know. */
const REFUSALS = new Set([400, 422]);

/**
 * Asks for the count of a streamed chat completion: without it nobody knows what it cost. The SDK leaves it out where
 * the address is not OpenAI's, which the broker's never is. Null where nothing is to be added. Throws as `writtenBody`.
 */
export function usageRequest({ api, body, headers }: AskedCall): UsageRequest | null {
  const client = headers['user-agent'] ?? '';
  if (api !== 'chat_completions' || client.startsWith('Agents/JavaScript')) return null;
  if (!Buffer.isBuffer(body) || !asksForStream(body)) return null;
  const fields = parseObject(body);
  const given = fields?.stream_options;
  const options = typeof given === 'object' && given !== null ? given : {};
  if ('include_usage' in options && options.include_usage === true) return null;
  const asking = { ...fields, stream_options: { ...options, include_usage: true } };
  return {
    body: writtenBody(asking),
    hidesCount: !client.startsWith('Agents/'),
  };
}

/** Which servers and models were found to refuse the question for the count; they are not asked it again. */
export type Uncounted = {
  readonly has: (upstream: UpstreamModel) => boolean;
  readonly add: (upstream: UpstreamModel) => void;
};

type UpstreamModel = { readonly baseUrl: string; readonly model: string | null };

/** More servers and models than anybody uses; names of models are the agents' to choose. */
const MAX_UNCOUNTED = 1000;

/** Knows of none at first, so that a server that has learned it meanwhile is asked after a restart. */
export function createUncounted(): Uncounted {
  const known = new Set<string>();
  const idOf = ({ baseUrl, model }: UpstreamModel) => `${baseUrl} ${model?.slice(0, 200)}`;
  return {
    has: (upstream) => known.has(idOf(upstream)),
    add(upstream) {
      if (known.size < MAX_UNCOUNTED) known.add(idOf(upstream));
    },
  };
}

/** Whether an answer may mean that the server does not know how to be asked for a count. */
export function mayRefuseToCount(status: number): boolean {
  return REFUSALS.has(status);
}
