import { expect, test } from 'vitest';
import { wrap } from './text-layout.ts';

test('a text is broken at spaces, but not within a command or a piece of code', () => {
  expect(wrap('Give it a name: `export default desk;` (now).', 24)).toEqual([
    'Give it a name:',
    '`export default desk;`',
    '(now).',
  ]);
  expect(wrap('`a b c d` e', 5)).toEqual(['`a b', 'c d`', 'e']);
  expect(wrap('one\ntwo  three', 20)).toEqual(['one', 'two three']);
});

test('code behind a blank line stays as it is, to be copied', () => {
  const code = 'def build_agent():\n    return Agent(name="Desk", instructions="Be brief.")';
  expect(wrap(`Build it in a factory; add:\n\n${code}`, 20)).toEqual([
    'Build it in a',
    'factory; add:',
    '',
    'def build_agent():',
    '    return Agent(name="Desk", instructions="Be brief.")',
  ]);
});
