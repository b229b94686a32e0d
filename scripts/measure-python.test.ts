import { expect, test } from 'vitest';
import { measurePython } from './measure-python.ts';

const functionsOf = (lines: readonly string[]) =>
  measurePython({ path: 'a.py', text: `${lines.join('\n')}\n` }).functions;

test('functions of Python are measured from their first line to their last, nested ones too', () => {
  const functions = functionsOf([
    'def outer():',
    '    async def inner():',
    '        pass',
    '',
    '    return inner',
    '',
    '',
    'LATER = 1',
  ]);
  expect(functions).toEqual([
    { place: 'a.py:1', lines: 5 },
    { place: 'a.py:2', lines: 2 },
  ]);
});

test('a head of several lines is part of its function', () => {
  const functions = functionsOf([
    'class A:',
    '    def run(',
    '        self, given: str',
    '    ) -> None:',
    '        self.given = given',
    '',
    '    last = run',
  ]);
  expect(functions).toEqual([{ place: 'a.py:2', lines: 4 }]);
});
