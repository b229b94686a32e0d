import { expect, test } from 'vitest';
import { createLiveUpstreams } from './live-upstreams.ts';
import type { UpstreamSettings } from './upstream-catalog.ts';

const none: UpstreamSettings = {
  configured: {},
  defaultUpstream: null,
  openaiApiKey: null,
  openaiBaseUrl: null,
  upstreamApi: null,
};

test('puts others in place', () => {
  const live = createLiveUpstreams(none);
  expect([...live.current().upstreams.keys()]).toEqual(['demo']);
  live.replace({ ...none, openaiApiKey: 'sk-test' });
  expect([...live.current().upstreams.keys()]).toEqual(['openai']);
  expect(live.current().defaultUpstream).toBe('openai');
});

test('keeps the old ones when the new ones contradict each other', () => {
  const live = createLiveUpstreams(none);
  expect(() => live.replace({ ...none, defaultUpstream: 'nowhere' })).toThrow('nowhere');
  expect([...live.current().upstreams.keys()]).toEqual(['demo']);
});
