import { expect, test } from 'vitest';
import { shownJson } from './shown-text.ts';

test('JSON that is shown hides nothing and says the same', () => {
  const value = {
    'na\u202eme': ['a\u009bb', '\u{e0041}', '\u2028', '\x1b[31m', '👩\u200d💻', 'ü'],
  };
  const shown = shownJson(value, 2);
  expect(JSON.parse(shown)).toEqual(value);
  expect(shown).not.toMatch(/\u202e|\u009b|\u2028|\u{e0041}/u);
  expect(shown).toContain('ü');
});
