import { expect, test } from 'vitest';
import { decodeText } from './decode-text.ts';

test('reads UTF-8, with and without a byte order mark', () => {
  expect(decodeText(Buffer.from('A=é\r\n'))).toEqual({ type: 'text', text: 'A=é\r\n' });
  expect(decodeText(Buffer.from('\uFEFFA=1'))).toEqual({ type: 'text', text: 'A=1' });
  expect(decodeText(Buffer.of())).toEqual({ type: 'text', text: '' });
});

test.each([
  ['UTF-16 as Windows writes it', Buffer.from('\uFEFFA=1', 'utf16le'), 'UTF16'],
  ['UTF-16 with its bytes the other way', Buffer.from('\uFEFFA=1', 'utf16le').swap16(), 'UTF16'],
  ['UTF-16 without a mark', Buffer.from('A=1', 'utf16le'), 'UTF16'],
  ['Latin-1', Buffer.from('CITY=Malmö', 'latin1'), 'NOT_UTF8'],
])('tells %s, and guesses nothing', (_what, bytes, code) => {
  expect(decodeText(bytes)).toMatchObject({
    type: 'not_text',
    code,
    reason: expect.stringMatching(/UTF-8$/),
  });
});
