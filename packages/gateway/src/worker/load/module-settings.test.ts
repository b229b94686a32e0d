import { describe, expect, test } from 'vitest';
import { checkModuleSettings } from './module-settings.ts';

const text = `export const agent = 1;\nexport const __gateway__ = {\n  model: 'm',\n  tool_events: 'x',\n};\n`;
const entry = { file: '/a/agent.ts', text };

describe('the settings of a module', () => {
  test('are none where it gives none', () => {
    expect(checkModuleSettings(undefined, entry)).toEqual({ settings: {}, findings: [] });
  });

  test('may be written either way', () => {
    const snake = {
      display_name: 'Desk',
      tool_events: 'off',
      client_tools: 'reject',
      client_settings: ['top_p', 'seed'],
      guardrail_response: 'error',
      sessions: true,
      max_turns: 3,
      timeout_ms: 500,
      max_concurrent_runs: 2,
    };
    const camel = {
      displayName: 'Desk',
      toolEvents: 'off',
      clientTools: 'reject',
      clientSettings: ['topP', 'seed'],
      guardrailResponse: 'error',
      sessions: true,
      maxTurns: 3,
      timeoutMs: 500,
      maxConcurrentRuns: 2,
    };
    expect(checkModuleSettings(snake, entry)).toEqual({ settings: camel, findings: [] });
    expect(checkModuleSettings(camel, entry)).toEqual({ settings: camel, findings: [] });
  });

  test('lose a bad field, with its line and what it may be, and keep the rest', () => {
    const checked = checkModuleSettings({ model: 'm', tool_events: 'x', accepts: [] }, entry);
    expect(checked.settings).toEqual({ model: 'm', accepts: [] });
    expect(checked.findings).toEqual([
      {
        stage: 'metadata',
        code: 'bad_metadata',
        severity: 'warning',
        message: '`__gateway__.tool_events` has a value it cannot have, so it is ignored.',
        file: '/a/agent.ts',
        line: 4,
        column: 3,
        hint: 'Give it "off", "reasoning", "extension" or "openwebui".',
      },
    ]);
  });

  test.each([
    ['model', ''],
    ['model', 7],
    ['upstream', null],
    ['tools', 'fetch_doc'],
    ['tools', [{ kind: 'mcp', command: ['sh'] }]],
    ['client_settings', ['colour']],
    ['accepts', ['video']],
    ['max_turns', 1.5],
    ['timeout_ms', '60s'],
    ['watch', [1]],
  ])('do not take %s = %j', (name, value) => {
    const { settings, findings } = checkModuleSettings({ [name]: value }, entry);
    expect(settings).toEqual({});
    expect(findings.map(({ code }) => code)).toEqual(['bad_metadata']);
  });

  test('tell fields whose names are no names, too', () => {
    const { findings } = checkModuleSettings({ '*': 1, '(?': 2, '': 3 }, entry);
    expect(findings.map(({ message }) => message)).toEqual([
      '`__gateway__.*` is no known field, so it is ignored.',
      '`__gateway__.(?` is no known field, so it is ignored.',
      '`__gateway__.` is no known field, so it is ignored.',
    ]);
  });

  test('name all fields where one is unknown', () => {
    const { findings } = checkModuleSettings({ modle: 'm', toString: 1 }, entry);
    expect(findings.map(({ code }) => code)).toEqual(['unknown_metadata', 'unknown_metadata']);
    expect(findings[0]?.hint).toContain('model, upstream, display_name');
  });

  test.each([['text'], [7], [null], [['model']]])('must be an object, not %j', (metadata) => {
    const { settings, findings } = checkModuleSettings(metadata, entry);
    expect(settings).toEqual({});
    expect(findings).toMatchObject([{ code: 'bad_metadata', line: 2 }]);
  });
});
