import { Readable } from 'node:stream';
import type { FetchLike, Transport } from '@modelcontextprotocol/client';
import type { OutboundSettings, SafeFetch } from '../outbound/safe-fetch.ts';

/** A server that is there already. */
export type ServerAddress = {
  readonly url: string;
  /** Names in small letters; asked for each request, so that new secrets hold. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly outbound: OutboundSettings;
};

/** Most bytes of one answer, or of one stream of messages until it is opened anew. */
const MAX_STREAM_BYTES = 32 * 1024 * 1024;

/** Speaks to a server over streamable HTTP, within the bounds of what tools may reach. */
export async function createHttpTransport(
  { url, headers, outbound }: ServerAddress,
  stream: SafeFetch['stream'],
): Promise<Transport> {
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const fetch: FetchLike = async (asked, init) => {
    const { method = 'GET', body, signal } = init ?? {};
    const own = new Headers(init?.headers);
    const request = {
      method,
      url: new URL(asked),
      headers: { ...headers(), ...Object.fromEntries(own) },
      ...(typeof body === 'string' ? { body } : {}),
      signal: signal ?? new AbortController().signal,
    };
    const answer = await stream(request, outbound);
    return new Response(hasBody(answer.statusCode) ? bounded(answer.body) : null, {
      status: answer.statusCode,
      headers: headersOf(answer.headers),
    });
  };
  return new StreamableHTTPClientTransport(new URL(url), { fetch });
}

function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

function headersOf(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) all.append(name, each);
  }
  return all;
}

function bounded(body: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(Readable.from(limited(body))) as ReadableStream<Uint8Array>;
}

async function* limited(body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > MAX_STREAM_BYTES) throw new Error('The server sends more than fits.');
    yield piece;
  }
}
