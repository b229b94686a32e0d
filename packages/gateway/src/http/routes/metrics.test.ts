import { expect, test } from 'vitest';
import { asAdmin, asCaller, fakeGateway, secrets } from '../../../test/support/http-fakes.ts';
import { createApp } from '../app.ts';

const app = createApp(fakeGateway());

test('GET /metrics is what Prometheus reads, for scrapers and admins', async () => {
  for (const key of [secrets.metrics, secrets.admin]) {
    const headers = { authorization: `Bearer ${key}` };
    const response = await app.inject({ url: '/metrics', headers });
    expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(response.body).toBe('dropgate_runs_total 1');
  }
  expect((await app.inject({ url: '/metrics', headers: asCaller })).statusCode).toBe(403);
});

test('GET /admin/metrics is the same as JSON', async () => {
  const response = await app.inject({ url: '/admin/metrics', headers: asAdmin });
  expect(response.json()).toEqual({ agents: [], tools: [], metrics: [] });
});
