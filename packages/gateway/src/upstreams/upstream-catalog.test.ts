import { describe, expect, test } from 'vitest';
import {
  createLiveUpstreams,
  type UpstreamSettings,
  UpstreamSettingsError,
} from './upstream-catalog.ts';

const nothing: UpstreamSettings = {
  configured: {},
  defaultUpstream: null,
  openaiApiKey: null,
  openaiBaseUrl: null,
  upstreamApi: null,
};
const resolve = (settings: Partial<UpstreamSettings>) =>
  createLiveUpstreams({ ...nothing, ...settings }).current();
const local = { baseUrl: 'http://127.0.0.1:11434/v1/', apiKey: null };
const openai = { baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-1' };

describe('without configured upstreams', () => {
  test('an empty environment gives the demo model', () => {
    const { upstreams, defaultUpstream, source } = resolve({});
    expect([...upstreams.values()]).toEqual([{ type: 'demo', name: 'demo', api: 'responses' }]);
    expect([defaultUpstream, source]).toEqual(['demo', 'demo']);
  });

  test('a key alone means OpenAI over the Responses API', () => {
    const { upstreams, defaultUpstream, source } = resolve({ openaiApiKey: 'sk-1' });
    expect([...upstreams.values()]).toEqual([
      {
        type: 'remote',
        name: 'openai',
        baseUrl: 'https://api.openai.com/v1',
        apiKey: 'sk-1',
        api: 'responses',
        timeoutMs: 300_000,
        modelAliases: {},
        fallback: null,
        maxRetries: 2,
        maxFailures: 5,
        prices: [],
      },
    ]);
    expect([defaultUpstream, source]).toEqual(['openai', 'environment']);
  });

  test('another address means chat completions, with a key or without', () => {
    const openaiBaseUrl = 'http://127.0.0.1:11434/v1/';
    for (const openaiApiKey of [null, 'sk-1', '']) {
      const { upstreams } = resolve({ openaiBaseUrl, openaiApiKey });
      expect(upstreams.get('openai')).toMatchObject({
        baseUrl: 'http://127.0.0.1:11434/v1',
        apiKey: openaiApiKey || null,
        api: 'chat_completions',
      });
    }
  });

  test('the API can be said outright', () => {
    const { upstreams } = resolve({ openaiBaseUrl: local.baseUrl, upstreamApi: 'responses' });
    expect(upstreams.get('openai')).toMatchObject({ api: 'responses' });
  });
});

describe('with configured upstreams', () => {
  test('the environment adds none, and `openai` is the default', () => {
    const { upstreams, defaultUpstream, source } = resolve({
      configured: { local, openai },
      openaiApiKey: 'sk-other',
    });
    expect([...upstreams.keys()]).toEqual(['local', 'openai']);
    expect(upstreams.get('openai')).toMatchObject({ apiKey: 'sk-1', api: 'responses' });
    expect([defaultUpstream, source]).toEqual(['openai', 'config']);
  });

  test('the first is the default where none is called `openai`', () => {
    expect(resolve({ configured: { local, other: openai } }).defaultUpstream).toBe('local');
  });

  test('a default that is named holds, the demo model included', () => {
    const configured = { local, openai };
    expect(resolve({ configured, defaultUpstream: 'local' }).defaultUpstream).toBe('local');
    const demo = resolve({ configured, defaultUpstream: 'demo' });
    expect(demo.upstreams.get(demo.defaultUpstream)).toMatchObject({ type: 'demo' });
  });

  test.each<[string, Partial<UpstreamSettings>, string]>([
    [
      'an unknown default',
      { configured: { local }, defaultUpstream: 'gone' },
      'defaults.upstream: "gone" is no upstream: choose one of local.',
    ],
    [
      'an unknown fallback',
      { configured: { openai, local: { ...local, fallback: 'gone' } } },
      'upstreams.local.fallback: "gone" is no other upstream: choose one of openai.',
    ],
    [
      'itself as fallback',
      { configured: { local: { ...local, fallback: 'local' } } },
      'upstreams.local.fallback: "local" is no other upstream: there is none to choose.',
    ],
    [
      'a fallback that speaks another API',
      { configured: { openai, local: { ...local, fallback: 'openai' } } },
      'upstreams.local.fallback: "openai" speaks responses and "local" speaks chat_completions: a fallback must speak the same API.',
    ],
    [
      'an address without a scheme',
      { configured: { local: { ...local, baseUrl: 'localhost:11434' } } },
      'upstreams.local.base_url: "localhost:11434" is no address of an upstream: write it like https://api.openai.com/v1.',
    ],
    [
      'a bad address in the environment',
      { openaiBaseUrl: 'nowhere' },
      'OPENAI_BASE_URL: "nowhere" is no address of an upstream: write it like https://api.openai.com/v1.',
    ],
  ])('refuses %s', (_, settings, expected) => {
    let told: unknown;
    try {
      resolve(settings);
    } catch (error) {
      told = error instanceof UpstreamSettingsError ? `${error.path}: ${error.message}` : error;
    }
    expect(told).toBe(expected);
  });
});

describe('while the gateway runs', () => {
  test('puts others in place', () => {
    const live = createLiveUpstreams(nothing);
    expect([...live.current().upstreams.keys()]).toEqual(['demo']);
    live.replace({ ...nothing, openaiApiKey: 'sk-test' });
    expect([...live.current().upstreams.keys()]).toEqual(['openai']);
    expect(live.current().defaultUpstream).toBe('openai');
  });

  test('keeps the old ones when the new ones contradict each other', () => {
    const live = createLiveUpstreams(nothing);
    expect(() => live.replace({ ...nothing, defaultUpstream: 'nowhere' })).toThrow('nowhere');
    expect([...live.current().upstreams.keys()]).toEqual(['demo']);
  });
});
