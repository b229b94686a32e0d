import { expect, test } from 'vitest';
import { fakeGateway } from '../../../test/support/http-fakes.ts';
import { createApp } from '../app.ts';
import { routes } from '../routes.ts';

test('GET /docs tells people of every route, without a key', async () => {
  const { body, headers } = await createApp(fakeGateway()).inject({ url: '/docs' });
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(body.match(/<details>/g)).toHaveLength(routes.length);
  expect(body).toContain('<b>POST</b> <code>/v1/chat/completions</code>');
  expect(body).toContain('Model id of an agent, as GET /v1/models lists it.');
  expect(body).toContain('<code>ttl_seconds</code> <b>required</b>');
});

test('GET /docs runs no script, loads nothing, and may not be framed', async () => {
  const { body, headers } = await createApp(fakeGateway()).inject({ url: '/docs' });
  expect(headers['content-security-policy']).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  });
  expect(body).not.toMatch(/<script|<link|<img|javascript:|\son\w+=|\sstyle=|(src|href)="(?!#)/);
});

test('GET /docs tells nothing of the gateway that answers', async () => {
  const gateway = fakeGateway();
  const { body } = await createApp(gateway).inject({ url: '/docs' });
  expect(body).not.toContain(gateway.settings.version);
});
