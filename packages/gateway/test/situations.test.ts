import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const packageRoot = resolve(import.meta.dirname, '..');
const page = (path: string) => readFileSync(join(packageRoot, '../../docs', path), 'utf8');

/** Files that a page names without their folder. */
const acceptance = (name: string) => `test/acceptance/${name}.test.ts`;

/** The text of a test file that a page names; empty where there is none. */
function textOf(file: string): string {
  const path = join(packageRoot, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

test('each situation is proven by a test that there is, in each language where it applies', () => {
  const rows = page('situations.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (what there is|---)/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));
  expect(rows.length).toBeGreaterThan(50);
  const astray = rows.filter((cells) => {
    const proofs = cells.slice(2).filter((cell) => cell !== '–');
    const areThere = proofs.every((proof) => {
      const [, file, title] = /^`([^`]+)`: (.+)$/.exec(proof) ?? [];
      return file !== undefined && title !== undefined && textOf(file).includes(title);
    });
    return cells.length !== 4 || proofs.length === 0 || !areThere;
  });
  expect(astray).toEqual([]);
});

test('each attack that was tried is held by a test that there is', () => {
  const [, table = ''] = page('systems/security.md').split('## Attacks that were tried');
  const named = [
    ...table.matchAll(/`([\w./-]+\.ts|(?:hardening|faults)-\w+)`(?: \*([^*]+)\*)?/g),
  ].map(([, name = '', title = '']) => ({
    file: name.includes('/') ? name : acceptance(name),
    title,
  }));
  expect(named.length).toBeGreaterThan(50);
  expect(
    named.filter(({ file, title }) => textOf(file) === '' || !textOf(file).includes(title)),
  ).toEqual([]);
});
