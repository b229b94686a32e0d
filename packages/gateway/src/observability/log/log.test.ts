import { expect, onTestFinished, test, vi } from 'vitest';
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
