import { describe, expect, test } from 'vitest';
import { asCaller, fakeGateway } from '../../../test/support/http-fakes.ts';
import { chat, serve } from '../../../test/support/http-server.ts';
import { createApp } from '../app.ts';

const page = 'https://chat.example.com';
const preflight = { origin: page, 'access-control-request-method': 'POST' };

describe('without configured origins', () => {
  const app = createApp(fakeGateway());

  test('a page gets no leave, and no preflight without a key', async () => {
    const response = await app.inject({
      url: '/v1/models',
      headers: { ...asCaller, origin: page },
    });
    expect(response.headers).not.toHaveProperty('access-control-allow-origin');
    const options = { method: 'OPTIONS', url: '/v1/models', headers: preflight } as const;
    expect((await app.inject(options)).statusCode).toBe(401);
  });
});

describe('with configured origins', () => {
  const settings = { corsOrigins: [page] };
  const app = createApp(fakeGateway({ settings }));

  test('a preflight is answered without a key and names what OpenAI’s client sends', async () => {
    const response = await app.inject({
      method: 'OPTIONS',
      url: '/v1/chat/completions',
      headers: preflight,
    });
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'GET, HEAD, POST, DELETE, OPTIONS',
      'access-control-max-age': '600',
      vary: 'Origin',
    });
    const named = String(response.headers['access-control-allow-headers']).split(', ');
    expect(named).toEqual(
      expect.arrayContaining([
        'authorization',
        'content-type',
        'x-stainless-lang',
        'x-stainless-retry-count',
        'x-stainless-timeout',
      ]),
    );
  });

  test('answers and errors are readable for the page, with their id', async () => {
    for (const headers of [{ ...asCaller, origin: page }, { origin: page }]) {
      const response = await app.inject({ url: '/v1/models', headers });
      expect(response.headers['access-control-allow-origin']).toBe(page);
      expect(response.headers['access-control-expose-headers']).toContain('x-request-id');
    }
  });

  test('streams are readable for the page', async () => {
    await using server = await serve(fakeGateway({ settings }));
    const headers = { ...asCaller, 'content-type': 'application/json', origin: page };
    const response = await chat(server.url, { stream: true }, { headers });
    expect(response.headers.get('access-control-allow-origin')).toBe(page);
    expect(await response.text()).toContain('[DONE]');
  });

  test('another page gets no leave', async () => {
    const headers = { ...preflight, origin: 'https://evil.example.com' };
    const response = await app.inject({ method: 'OPTIONS', url: '/v1/models', headers });
    expect(response.statusCode).toBe(401);
    expect(response.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

test('a star gives every page leave', async () => {
  const app = createApp(fakeGateway({ settings: { corsOrigins: ['*'] } }));
  const response = await app.inject({ url: '/v1/models', headers: { ...asCaller, origin: page } });
  expect(response.headers['access-control-allow-origin']).toBe(page);
});
