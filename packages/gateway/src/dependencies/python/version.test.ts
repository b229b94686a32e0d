import { expect, test } from 'vitest';
import { fitsSpecifier, isSpecifier } from './version.ts';

test.each([
  ['1.2.3', '>=1.2,<2', true],
  ['2.0', '>=1.2,<2', false],
  ['2.0rc1', '<2', false],
  ['1.2', '==1.2.0', true],
  ['1.2.9', '==1.2.*', true],
  ['1.20', '==1.2.*', false],
  ['1.4.5', '~=1.4.2', true],
  ['1.5', '~=1.4.2', false],
  ['1.5', '~=1.4', true],
  ['1.0.post1', '>1.0', false],
  ['1.1', '>1.0', true],
  ['1.0.dev3', '<1.0a1', true],
  ['1.0a2', '<1.0b1', true],
  ['1.0+cpu', '==1.0', true],
  ['1.0', '==1.0+cpu', false],
  ['1.0', '!=1.0', false],
  ['1!1.0', '>2024', true],
  ['3.11', '>=3.9', true],
  ['anything', '', true],
  ['0.24.0', '===0.24.0', true],
])('%s fits %j: %s', (version, specifier, fits) => {
  expect(fitsSpecifier(version, specifier)).toBe(fits);
});

test.each([
  ['>=1,<2', true],
  ['', true],
  ['= 1', false],
  ['1.0', false],
])('%j is a list of conditions: %s', (text, is) => {
  expect(isSpecifier(text)).toBe(is);
});
