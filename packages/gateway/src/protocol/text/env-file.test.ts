import { expect, test } from 'vitest';
import { readEnvFile } from './env-file.ts';

test('reads names and values, whatever ends the lines', () => {
  const text = '# keys\r\nCITY=Paris\r\nexport NOTE="two\r\nlines" # why\r\n\r\nEMPTY=\r\n';
  expect(readEnvFile(text)).toEqual({
    values: { CITY: 'Paris', NOTE: 'two\nlines', EMPTY: '' },
    unreadLines: [],
  });
});

test('names the lines that say nothing', () => {
  const text =
    'CITY=Paris\nAPI_KEY sk-123\nexport HOME_CITY\nNOTE="a\nplain line\nb"\nKEY: value\n=x\n';
  expect(readEnvFile(text).unreadLines).toEqual([2, 3, 7, 8]);
});

test('takes a quote that is never closed for a part of its line', () => {
  expect(readEnvFile('A="open\nB=2\nlost\n')).toEqual({
    values: { A: '"open', B: '2' },
    unreadLines: [3],
  });
});
