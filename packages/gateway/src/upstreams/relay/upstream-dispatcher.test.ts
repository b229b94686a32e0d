import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { remote, startBroker, startUpstream } from '../../../test/support/broker-kit.ts';
import { createUpstreamDispatcher } from './upstream-dispatcher.ts';

const question = JSON.stringify({ model: 'gpt-5', input: 'hi' });

/** A proxy that takes every name for the server at `port`. */
async function startProxy(port: number) {
  const asked: { how: string; to: string | undefined; login: string | undefined }[] = [];
  const note = ({ method, url, headers }: IncomingMessage) =>
    asked.push({ how: method ?? '', to: url, login: headers['proxy-authorization'] });
  const proxy = createServer((request, response) => {
    note(request);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"output":[],"usage":{"input_tokens":3,"output_tokens":2}}');
  });
  proxy.on('connect', (request, socket) => {
    note(request);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => end.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { asked, host: `127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}

describe('an upstream behind a proxy', () => {
  test('is asked through the one that HTTP_PROXY names, with its login', async () => {
    const { asked, host } = await startProxy(9);
    const environment = { HTTP_PROXY: `http://me:secret@${host}` };
    const { send, called } = await startBroker(
      [remote('http://models.test/v1')],
      undefined,
      'allow',
      environment,
    );
    expect((await send('/responses', { body: question })).status).toBe(200);
    expect(asked).toEqual([
      { how: 'POST', to: 'http://models.test/v1/responses', login: 'Basic bWU6c2VjcmV0' },
    ]);
    expect(await called(1)).toMatchObject([{ usage: { inputTokens: 3, outputTokens: 2 } }]);
  });

  test('that speaks TLS is reached by a tunnel, and what fails there is told as unavailable', async () => {
    const { baseUrl } = await startUpstream((_request, response) => response.end());
    const { asked, host } = await startProxy(Number(new URL(baseUrl).port));
    const { send } = await startBroker(
      [remote('https://models.test/v1')],
      undefined,
      'allow',
      // Without a scheme, as it is often written.
      { https_proxy: host },
    );
    expect((await send('/responses', { body: question })).status).toBe(503);
    expect(asked).toMatchObject([{ how: 'CONNECT', to: 'models.test:443' }]);
  });

  test.each([
    ['of this machine', {}],
    ['that NO_PROXY names', { NO_PROXY: 'models.test,127.0.0.1' }],
  ])('is asked without it where it is one %s', async (_, more) => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"output":[]}');
    });
    const environment = { HTTP_PROXY: 'http://127.0.0.1:9', ...more };
    const { send } = await startBroker([remote(upstream.baseUrl)], undefined, 'allow', environment);
    expect((await send('/responses', { body: question })).status).toBe(200);
    expect(upstream.requests).toHaveLength(1);
  });
});

test('a proxy that is no address stops the start, by its name', () => {
  expect(() => createUpstreamDispatcher({ HTTPS_PROXY: 'socks5://127.0.0.1:1' })).toThrow(
    expect.objectContaining({ path: 'HTTPS_PROXY' }),
  );
});
