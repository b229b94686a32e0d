import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tablesIn, tableText, unaligned } from './markdown.ts';
import { benchPage, staleParts } from './page.ts';
import { cellOf, type Result } from './result.ts';

const bench = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'bench.ts'), ...args], {
    encoding: 'utf8',
  });

const printed = `Warming.

| whole, concurrency 16 | bare | gateway |
| --- | --- | --- |
| CPU ms per run | 1.18 | 1.16 |
| CPU ms per run, with \\| in it | 2 | 3 |

| whole, concurrency 1 | bare | gateway |
| --- | --- | --- |
| CPU ms per run | 1.35 | 2.00 |

| most | |
| :-- | --- |
| lost | 0 |
`;

test('a bench that is not there is told with the names of all', () => {
  const { status, stderr } = bench('runs', 'nonsense');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^There is no bench nonsense; there are runs, runs-python, arrivals, /);
});

test('the list has a row with the command of each bench', () => {
  const { status, stdout } = bench('--list');
  expect(status).toBe(0);
  expect(stdout).toContain('| `ROUNDS=5 node bench/run.ts` |');
});

test('the pages have the figures of the result files', () => {
  const { status, stdout, stderr } = bench('report', '--check');
  expect([status, stdout, stderr]).toEqual([0, 'All figures are those of the result files.\n', '']);
});

test('a part that says something else than its page is stale', () => {
  const stale = staleParts([{ page: benchPage, name: 'benches', text: '| name |\n| --- |' }]);
  expect(stale).toEqual(['benches in bench/README.md']);
});

test('tables of what was printed are kept cell by cell', () => {
  expect(tablesIn(printed)).toEqual([
    {
      columns: ['whole, concurrency 16', 'bare', 'gateway'],
      rows: [
        ['CPU ms per run', '1.18', '1.16'],
        ['CPU ms per run, with \\| in it', '2', '3'],
      ],
    },
    {
      columns: ['whole, concurrency 1', 'bare', 'gateway'],
      rows: [['CPU ms per run', '1.35', '2.00']],
    },
    { columns: ['most', ''], rows: [['lost', '0']] },
  ]);
});

test('a table that a formatter aligned is the same table', () => {
  const [table] = tablesIn(printed);
  const aligned =
    '| whole, concurrency 16 | bare |\n| --------------------- | ---- |\n| CPU | 1.18 |';
  expect(unaligned(aligned)).toBe(
    '| whole, concurrency 16 | bare |\n| --- | --- |\n| CPU | 1.18 |',
  );
  expect(table && unaligned(tableText(table))).toBe(table && tableText(table));
});

test('a cell is found by what its table, row and column begin with', () => {
  const result = { name: 'runs', tables: tablesIn(printed) } as unknown as Result;
  const place = { table: 'whole, concurrency 16', row: 'CPU ms per run', column: 'gateway' };
  expect(cellOf(result, place)).toBe('1.16');
  expect(cellOf(result, { ...place, table: 'whole, concurrency 1' })).toBe('2.00');
  expect(cellOf(result, { table: 'most', row: 'lost', column: '' })).toBe('0');
  expect(() => cellOf(result, { ...place, row: 'p50' })).toThrow(
    'The result of runs has no "gateway" of "p50" in "whole, concurrency 16".',
  );
});
