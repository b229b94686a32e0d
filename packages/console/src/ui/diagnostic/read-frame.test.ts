import { expect, test } from 'vitest';
import { plainText } from './plain-text.ts';
import { readFrame } from './read-frame.ts';

test('reads the lines around a place as the gateway marks them', () => {
  const frame = '   9 | const a = 1;\n> 10 | throw a | b;\n     |       ^\n  11 |';
  expect(readFrame(frame)).toEqual({ code: 'const a = 1;\nthrow a | b;', firstLine: 9 });
});

test.each([
  [
    'in letters',
    'x Unexpected token\n   ,-[/p/agent.ts:2:11]\n 2 | const b = ;\n   :           ^\n   `----',
  ],
  [
    'in lines',
    '× Unexpected token\n   ╭─[/p/agent.ts:2:11]\n 2 │ const b = ;\n   ·           ─\n   ╰────',
  ],
])('reads what the parser of TypeScript draws %s', (_how, frame) => {
  expect(readFrame(frame)).toEqual({ code: 'const b = ;', firstLine: 2 });
});

test.each([
  ['a stack', 'Error: no\n    at run (/p/agent.ts:2:7)'],
  ['lines that do not follow each other', '> 1 | a\n  3 | b'],
  ['nothing', ''],
])('takes %s for another text', (_what, frame) => {
  expect(readFrame(frame)).toBeNull();
});

test('leaves out of a text what no screen shows', () => {
  const text =
    '\u001b[1;31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007 \u202eback\u2066 a\tb\r\nc\u0000';
  expect(plainText(text)).toBe('red link back a\tb\nc');
});
