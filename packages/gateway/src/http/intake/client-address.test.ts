import { describe, expect, test } from 'vitest';
import { asCaller, fakeGateway } from '../../../test/support/http-fakes.ts';
import { createApp } from '../app.ts';

const forwarded = {
  'x-forwarded-for': '203.0.113.7, 198.51.100.9',
  'x-forwarded-host': 'admin.example.com',
  'x-forwarded-proto': 'https',
  forwarded: 'for=203.0.113.7;host=admin.example.com',
  'x-real-ip': '203.0.113.7',
};

describe('the address of a client', () => {
  test('is that of its connection, whatever its headers say', async () => {
    expect(await addressOf(forwarded, false)).toBe('192.0.2.1');
  });

  test('is what the nearest proxy says where one is trusted, not what was said before it', async () => {
    expect(await addressOf(forwarded, true)).toBe('198.51.100.9');
  });

  test.each(['', 'unknown', 'x'.repeat(8000), '198.51.100.9, <script>'])(
    'is that of the proxy where it says %j',
    async (value) => {
      expect(await addressOf({ 'x-forwarded-for': value }, true)).toBe('192.0.2.1');
    },
  );
});

test.each([true, false])('no header says who calls or what is asked (proxy: %s)', async (trust) => {
  const gateway = fakeGateway({ settings: { trustProxy: trust } });
  const app = createApp(gateway);
  const claims = {
    ...forwarded,
    'x-original-url': '/admin/agents',
    'x-rewrite-url': '/admin/agents',
    'x-http-method-override': 'DELETE',
    'x-forwarded-user': 'admin',
    'x-forwarded-prefix': '/admin',
    'x-api-key': 'dg_admin',
    'api-key': 'dg_admin',
    cookie: 'authorization=Bearer dg_admin',
    'proxy-authorization': 'Bearer dg_admin',
    'x-request-id': 'req_mine',
    host: 'admin.example.com',
  };
  const response = await app.inject({ url: '/v1/models', headers: { ...claims, ...asCaller } });
  expect(response.statusCode).toBe(200);
  expect(response.json().object).toBe('list');
  const anonymous = await app.inject({ url: '/admin/agents', headers: claims });
  expect(anonymous.statusCode).toBe(401);
  expect(gateway.events).toMatchObject([
    { keyId: 'key_caller', route: '/v1/models', method: 'GET' },
    { keyId: null, status: 401 },
  ]);
});

async function addressOf(headers: Record<string, string>, trustProxy: boolean) {
  const gateway = fakeGateway({ settings: { trustProxy } });
  await createApp(gateway).inject({
    url: '/v1/models',
    remoteAddress: '192.0.2.1',
    headers: { ...headers, ...asCaller },
  });
  const [event] = gateway.events;
  return event?.type === 'request_ended' ? event.clientAddress : event;
}
