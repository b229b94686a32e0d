import { expect, test } from 'vitest';
import { cpuMsOf } from '../../../test/support/cpu-time.ts';
import { readModuleText } from './module-facts.ts';

test.each([
  ['additions', `export const text = ${'"x" + '.repeat(10_000)}"y";\nmissing;`],
  ['calls', `export const made = build${'.with()'.repeat(10_000)};\nmissing;`],
])('a chain of ten thousand %s is read as any other', (_what, text) => {
  const { names, facts } = readModuleText('/x/agent.ts', text);
  expect(names).toHaveLength(1);
  expect(facts().undeclared.at(-1)).toEqual({ name: 'missing', line: 2, column: 1 });
  expect(facts().inner).toEqual([]);
});

test('places are counted in time that grows with the text, not with its square', () => {
  const text = Array.from({ length: 20_000 }, (_, index) => `name${index};\n`).join('');
  const { facts } = readModuleText('/x/agent.ts', text);
  // What the square takes is beyond 20 s.
  expect(cpuMsOf(() => facts().undeclared.length)).toBeLessThan(10_000);
  expect(facts().undeclared.at(-1)).toEqual({ name: 'name19999', line: 20_000, column: 1 });
});
