import * as sdk from '@openai/agents';
import { Agent, fileSearchTool, webSearchTool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { moduleLoad } from '../../../test/support/node-worker.ts';
import { applySettings } from './apply-settings.ts';

const load = moduleLoad('/p/src/agents/Desk', 'agent.ts');
const entryText = `export const __gateway__ = {\n  model: 'm',\n  upstream: 'mars',\n};\n`;
const local = { name: 'local', source: 'environment' } as const;

describe('the model', () => {
  test('of `__gateway__` is set on the agent itself and not on those it hands off to', () => {
    const other = new Agent({ name: 'Other', instructions: 'x', model: 'theirs' });
    const agent = new Agent({ name: 'Desk', instructions: 'x', model: 'own', handoffs: [other] });
    const { model } = applySettings({ entryText, load, settings: { model: 'ours' }, agent, sdk });
    expect(model).toEqual({ name: 'ours', source: '__gateway__' });
    expect([agent.model, other.model]).toEqual(['ours', 'theirs']);
  });

  test('brings the settings the SDK has for it, unless the author wrote some', () => {
    const plain = new Agent({ name: 'Desk', instructions: 'x' });
    expect(plain.modelSettings.text).toEqual({ verbosity: 'low' });
    applySettings({ entryText, load, settings: { model: 'llama3.2' }, agent: plain, sdk });
    expect(plain.modelSettings).toEqual({});
    const written = new Agent({ name: 'Desk', instructions: 'x', modelSettings: { topP: 0.5 } });
    applySettings({ entryText, load, settings: { model: 'llama3.2' }, agent: written, sdk });
    expect(written.modelSettings).toEqual({ topP: 0.5 });
  });

  test('is set on an agent of a copy that tells no settings', () => {
    const agent = { name: 'Old', tools: [], handoffs: [], model: '', modelSettings: { topP: 1 } };
    applySettings({ entryText, load, settings: { model: 'm' }, agent, sdk: {} });
    expect(agent).toMatchObject({ model: 'm', modelSettings: { topP: 1 } });
  });

  test('of the agent comes before that of the gateway', () => {
    const given = { ...load, defaultModel: { name: 'configured', source: 'config' } as const };
    const agent = new Agent({ name: 'Desk', instructions: 'x', model: 'own' });
    expect(applySettings({ entryText, load: given, settings: {}, agent, sdk }).model).toEqual({
      name: 'own',
      source: 'agent',
    });
    const silent = new Agent({ name: 'Desk', instructions: 'x' });
    expect(
      applySettings({ entryText, load: given, settings: {}, agent: silent, sdk }).model,
    ).toEqual({
      name: 'configured',
      source: 'config',
    });
    expect(applySettings({ entryText, load, settings: {}, agent: silent, sdk }).model).toEqual({
      name: null,
      source: 'default',
    });
  });

  test('of `__gateway__` is told to be ignored where no agent is exported', () => {
    const applied = applySettings({ entryText, load, settings: { model: 'm' }, agent: null, sdk });
    expect(applied.model).toEqual({ name: null, source: 'default' });
    expect(applied.findings).toMatchObject([
      { code: 'model_not_applied', severity: 'warning', line: 2, column: 3 },
    ]);
  });
});

describe('the upstream', () => {
  test('of `__gateway__` comes before the default one', () => {
    const settings = { upstream: 'local' };
    expect(applySettings({ entryText, load, settings, agent: null, sdk }).upstream).toEqual({
      name: 'local',
      source: '__gateway__',
    });
    expect(applySettings({ entryText, load, settings: {}, agent: null, sdk }).upstream).toEqual({
      name: 'openai',
      source: 'config',
    });
  });

  test.each([['mars'], ['toString']])('that does not exist is a warning: %s', (upstream) => {
    const applied = applySettings({ entryText, load, settings: { upstream }, agent: null, sdk });
    expect(applied.upstream.name).toBe('openai');
    expect(applied.findings).toMatchObject([
      { code: 'unknown_upstream', stage: 'metadata', line: 3 },
    ]);
  });
});

describe('hosted tools', () => {
  const searcher = new Agent({
    name: 'Searcher',
    instructions: 'x',
    tools: [webSearchTool(), fileSearchTool('vs_1')],
  });

  test('are an error on an upstream that speaks chat completions, also behind a handoff', () => {
    const agent = new Agent({ name: 'Desk', instructions: 'x', handoffs: [searcher] });
    const applied = applySettings({
      entryText,
      load: { ...load, defaultUpstream: local },
      settings: {},
      agent,
      sdk,
    });
    expect(applied.findings).toMatchObject([
      {
        code: 'hosted_tool_needs_responses',
        severity: 'error',
        message:
          'The upstream "local" speaks chat_completions, which cannot run `web_search` of agent "Searcher", `file_search` of agent "Searcher".',
      },
    ]);
  });

  test('are fine where the upstream chosen speaks responses', () => {
    const given = { ...load, defaultUpstream: local };
    const settings = { upstream: 'openai' };
    expect(
      applySettings({ entryText, load: given, settings, agent: searcher, sdk }).findings,
    ).toEqual([]);
  });
});
