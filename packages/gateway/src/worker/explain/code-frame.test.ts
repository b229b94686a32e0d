import { expect, test } from 'vitest';
import { codeFrame, placeOf } from './code-frame.ts';

const text = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join('\n');

test('a frame shows two lines around, with numbers in one column and a mark', () => {
  expect(codeFrame(text, { line: 9, column: 6 })).toBe(
    [
      '   7 | line 7',
      '   8 | line 8',
      '>  9 | line 9',
      '     |      ^',
      '  10 | line 10',
      '  11 | line 11',
    ].join('\n'),
  );
});

test('a frame ends where the text does', () => {
  expect(codeFrame('only', { line: 1, column: 1 })).toBe('> 1 | only\n    | ^');
});

test('a place counts from 1', () => {
  expect(placeOf(text, /3/)).toEqual({ line: 3, column: 6 });
  expect(placeOf(text, /line/)).toEqual({ line: 1, column: 1 });
  expect(placeOf(text, /none/)).toBeNull();
});
