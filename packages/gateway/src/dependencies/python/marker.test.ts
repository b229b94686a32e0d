import { expect, test } from 'vitest';
import { holdsMarker } from './marker.ts';

const values = { python_version: '3.11', sys_platform: 'linux', platform_machine: 'x86_64' };

test.each([
  ['python_version >= "3.9"', true],
  ["python_version < '3.10'", false],
  ['sys_platform == "win32" or python_version > "3.10"', true],
  ['sys_platform == "linux" and (python_version < "3" or platform_machine == "x86_64")', true],
  ['sys_platform in "linux darwin"', true],
  ['sys_platform not in "linux darwin"', false],
  ['extra == "docs"', false],
  ['sys_platform != "win32"', true],
  ['moon_phase == "full"', null],
  ['python_version >=', null],
  ['python_version >= "3" nonsense', null],
  ['"x" in constructor', null],
  ['toString == "3"', null],
])('%s: %s', (marker, holds) => {
  expect(holdsMarker(marker, values)).toBe(holds);
});

test('an extra is asked for where it is named', () => {
  const marker = 'python_version >= "3.9" and extra == "docs"';
  expect(holdsMarker(marker, { ...values, extra: 'docs' })).toBe(true);
  expect(holdsMarker(marker, { ...values, extra: 'tests' })).toBe(false);
});
