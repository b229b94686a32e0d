import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { hideOwn } from '../hide-words.ts';
import { createLog, plainText } from './log.ts';

test.each([
  ['Plain – and Grüße, 你好 \t done.', 'Plain – and Grüße, 你好 \t done.'],
  ['\x1b[32mgreen\x1b[0m', '\x1b[32mgreen\x1b[0m'],
  ['gone\x1b[2J\x1b[1;1H', 'gone\\u001b[2J\\u001b[1;1H'],
  ['over\rwritten\b\x07', 'over\\u000dwritten\\u0008\\u0007'],
  ['\x9b2K\x9d0;title\x9c', '\\u009b2K\\u009d0;title\\u009c'],
  ['\x1b]0;title\x07', '\\u001b]0;title\\u0007'],
  ['allow \u202edeny\u2066 \u200f', 'allow \\u202edeny\\u2066 \\u200f'],
  ['ad\u200bmin ad\u00admin ad\u2060min', 'ad\\u200bmin ad\\u00admin ad\\u2060min'],
  ['one\u2028two\u2029three', 'one\\u2028two\\u2029three'],
  ['\u{e0041}tag \u3164 \ud800', '\\udb40\\udc41tag \\u3164 \\ud800'],
  ['👩\u200d💻 ❤\ufe0f می\u200cخواهم', '👩\u200d💻 ❤\ufe0f می\u200cخواهم'],
  ['ends\r\nas on Windows', 'ends\n    as on Windows'],
  ['first\n12:00:00 info  access allowed', 'first\n    12:00:00 info  access allowed'],
])('shows %j as %j', (text, shown) => {
  expect(plainText(text)).toBe(shown);
});

test('a hint for a person tells its command as it has to be typed, and nothing else is changed', () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => written.mockRestore());
  const { listener } = createLog({
    level: 'info',
    form: 'readable',
    redact: () => (text) => text,
    contents: false,
    hidden: { fields: new Set(), text: null },
    asTyped: (text) => text.replace('dropgate', 'npx dropgate'),
  });
  listener({
    type: 'findings_reported',
    agentId: 'default/pia',
    modulePath: 'src/agents/Pia/agent.py',
    servingGeneration: null,
    findings: [
      {
        stage: 'dependencies',
        code: 'missing_dependency',
        severity: 'error',
        message: 'The dropgate of yore.',
        hint: 'Run `dropgate deps install`.',
      },
    ],
  });
  const text = written.mock.calls.join('');
  expect(text).toContain('The dropgate of yore.');
  expect(text).toContain('\n    → Run `npx dropgate deps install`.\n');
});

const run = {
  runId: 'run_1',
  requestId: 'req_1',
  keyId: 'key_1',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 1,
};
const called = {
  ...run,
  type: 'tool_called',
  tool: 'find',
  callId: 'call_1',
  spanId: null,
  provenance: 'gateway',
  outcome: 'ok',
  durationMs: 1,
  agoMs: 0,
  detail: null,
  cache: null,
  violation: null,
  argumentBytes: 9,
  resultBytes: 9,
  error: null,
  contents: { arguments: () => '{"who":"cust-17"}', result: 'Found them.' },
} as const;
const said = {
  type: 'run_said',
  runId: 'run_1',
  agentId: 'default/a',
  text: 'Hello.',
  letters: 6,
  durationMs: 20,
} as const;

test.each([
  [
    'what is called and said only where that is switched on',
    false,
    ['argument_bytes=9'],
    ['cust-17', 'Found', 'Hello'],
  ],
  [
    'and then all of it but what the operator hides',
    true,
    [
      'result="Found them."',
      'text=Hello.',
      'arguments="{\\"who\\":\\"[secret]\\"}"',
      'key_id=[secret]',
    ],
    ['cust-17', 'key_1'],
  ],
])('tells %s', (_what, contents, told, untold) => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => written.mockRestore());
  const own = { fields: ['key_id'], patterns: ['cust-*'] };
  const { listener } = createLog({
    level: 'trace',
    form: 'readable',
    redact: () => (text) => text,
    contents,
    hidden: { fields: new Set(own.fields), text: hideOwn(own) },
    asTyped: (text) => text,
  });
  listener(called);
  listener(said);
  const text = stripVTControlCharacters(written.mock.calls.join(''));
  for (const part of told) expect(text).toContain(part);
  for (const part of untold) expect(text).not.toContain(part);
});
