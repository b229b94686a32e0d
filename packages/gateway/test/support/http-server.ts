import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import { asCaller, type FakeGateway } from './http-fakes.ts';

export type TestServer = AsyncDisposable & Pick<HttpServer, 'drain'> & { readonly url: string };

/** Listens on a free port of the loopback until it is disposed of. */
export async function serve(gateway: FakeGateway): Promise<TestServer> {
  const server = createServer(gateway);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return { url, drain: server.drain, [Symbol.asyncDispose]: () => server.drain(0) };
}

/** Posts a chat request for `default/echo`. */
export function chat(url: string, body: object = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...asCaller, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'default/echo',
      messages: [{ role: 'user', content: 'Hi' }],
      ...body,
    }),
    ...init,
  });
}

/** Reads a stream up to and including the first occurrence of a text. */
export async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  end: string,
): Promise<string> {
  const decoder = new TextDecoder();
  let read = '';
  while (!read.includes(end)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The stream ended without ${end}: ${read}`);
    read += decoder.decode(value, { stream: true });
  }
  return read;
}

/** Sends bytes as they are on a connection of their own and reads until the other side closes it. */
export async function sendRaw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return text(socket);
}

/** Posts a body of that many bytes without saying how long it is. */
export async function postChunked(url: string, bytes: number): Promise<[number, string]> {
  const { promise, resolve, reject } = Promise.withResolvers<[number, string]>();
  const post = request(
    `${url}/v1/chat/completions`,
    { method: 'POST', headers: { ...asCaller, 'content-type': 'application/json' } },
    (response) => {
      text(response).then((body) => resolve([response.statusCode ?? 0, body]), reject);
    },
  );
  post.on('error', reject);
  for (let sent = 0; sent < bytes; sent += 65_536) post.write(' '.repeat(65_536));
  post.end();
  return promise;
}
