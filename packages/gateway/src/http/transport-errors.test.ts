import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { answerSocketError, asGatewayError } from './transport-errors.ts';

describe('asGatewayError', () => {
  const thrown = (code: string) => Object.assign(new Error('inner text'), { code });

  test.each([
    ['FST_ERR_CTP_BODY_TOO_LARGE', 'body_too_large'],
    ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'unsupported_content_type'],
    ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'invalid_request'],
    ['FST_ERR_BAD_URL', 'invalid_request'],
    ['FST_ERR_MAX_PARAM_LENGTH', 'route_not_found'],
    ['ECONNRESET', 'invalid_request'],
    ['SQLITE_BUSY', 'gateway_failed'],
  ])('makes of %s %s, in words of our own', (code, failure) => {
    const error = asGatewayError(thrown(code), 1024);
    expect(error.code).toBe(failure);
    expect(error.message).not.toContain('inner text');
  });

  test('leaves our own as they are', () => {
    const own = new GatewayError('overloaded', 'Busy.');
    expect(asGatewayError(own, 1024)).toBe(own);
  });

  test.each([
    [512, 'The body is larger than the limit of 512 bytes.'],
    [32 * 1024 * 1024, 'The body is larger than the limit of 32 MiB.'],
  ])('tells the limit of %i', (limit, message) => {
    expect(asGatewayError(thrown('FST_ERR_CTP_BODY_TOO_LARGE'), limit).message).toBe(message);
  });
});

describe('answerSocketError', () => {
  const server = createServer();
  let near: Socket;
  let far: Socket;

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('No port.');
    const accepted = once(server, 'connection');
    far = connect(address.port, '127.0.0.1');
    [near] = (await accepted) as [Socket];
  });

  afterEach(() => {
    far.destroy();
    near.destroy();
    server.close();
  });

  test('tells whoever sends too long headers what to do', async () => {
    const long = Object.assign(new Error('overflow'), { code: 'HPE_HEADER_OVERFLOW' });
    answerSocketError(long, near);
    expect(await text(far)).toContain(
      'longer than 16384 bytes together. Send less; in a browser, remove cookies of this host.',
    );
  });

  test('tells a slow sender that it was too slow', async () => {
    const slow = Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    answerSocketError(slow, near);
    const answer = await text(far);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request_timeout"');
  });

  test('writes nothing behind an answer that has begun', async () => {
    near.write('HTTP/1.1 200 OK\r\n\r\ndata: x\n\n');
    answerSocketError(new Error('garbage'), near);
    const closed = once(near, 'close');
    expect(await text(far)).not.toContain('"error"');
    await closed;
  });
});
