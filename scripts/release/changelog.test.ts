import { expect, test } from 'vitest';
import { sectionOf } from './changelog.ts';

const changelog = `# Changelog

## [1.1.0] - 2026-12-01

- More.

### Fixed

- Less.

## 1.0.0

- All.

## 0.9.0
`;

test('the notes of a version are what stands below its heading', () => {
  expect(sectionOf(changelog, '1.1.0')).toBe('- More.\n\n### Fixed\n\n- Less.');
  expect(sectionOf(changelog, '1.0.0')).toBe('- All.');
});

test('a version without notes has none', () => {
  expect(sectionOf(changelog, '0.9.0')).toBeNull();
  expect(sectionOf(changelog, '2.0.0')).toBeNull();
});
