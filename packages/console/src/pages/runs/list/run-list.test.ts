import { expect, test } from 'vitest';
import type { Run, RunPage } from '../../../api/runs.ts';
import {
  listOf,
  pagesBetween,
  type RunList,
  withNewest,
  withNext,
  withoutFar,
} from './run-list.ts';

function run(number: number, more: Partial<Run> = {}): Run {
  return { id: idOf(number), outcome: 'finished', steps: 1, duration_ms: 5, ...more } as Run;
}

function idOf(number: number): string {
  return `run_${number.toString().padStart(6, '0')}`;
}

/** Runs from one number down to another. */
function page(from: number, to: number, isLast = false): RunPage {
  const runs = Array.from({ length: from - to + 1 }, (_, index) => run(from - index));
  return { runs, next: isLast ? null : idOf(to) };
}

const ids = ({ pages }: RunList) => pages.flatMap(({ rows }) => rows.map(({ id }) => id));
const held = ({ pages }: RunList) => pages.map(({ rows }) => rows.every((row) => row.run !== null));

test('new runs are added at the top, and what was read before stays', () => {
  const list = withNext(listOf(page(200, 101)), idOf(101), page(100, 1, true));
  const { list: later, added, isMore } = withNewest(list, page(203, 104));
  expect([added, isMore]).toEqual([3, false]);
  expect(ids(later)).toEqual(page(203, 1).runs.map(({ id }) => id));
  expect(later.pages[0]?.rows[3]).toBe(list.pages[0]?.rows[0]);
  expect(withNewest(later, page(203, 104)).list).toBe(later);
});

test('a list of which too much is new is read anew', () => {
  const list = listOf(page(200, 101));
  const { list: later, added, isMore } = withNewest(list, page(900, 801));
  expect([added, isMore]).toEqual([100, true]);
  expect(ids(later)).toEqual(page(900, 801).runs.map(({ id }) => id));
});

test('a run that goes on is shown as it is now, and one that fits the filters no more is gone', () => {
  const head = (outcome: Run['outcome']): RunPage => ({
    runs: [run(3, { outcome }), run(1)],
    next: idOf(1),
  });
  const list = listOf({ runs: [run(3, { outcome: 'running' }), run(2), run(1)], next: idOf(1) });
  const { list: later } = withNewest(list, head('failed'));
  expect(later.pages[0]?.rows.map((row) => [row.id, row.run?.outcome])).toEqual([
    [idOf(3), 'failed'],
    [idOf(1), 'finished'],
  ]);
});

test('runs far from what is seen are held no more, and their places are', () => {
  let list = listOf(page(2000, 1901));
  for (let from = 1900; from > 0; from -= 100) {
    list = withNext(list, idOf(from + 1), page(from, from - 99, from === 100));
  }
  expect(pagesBetween(list, 1050, 1120)).toEqual([10, 11]);
  const far = withoutFar(list, [10, 11]);
  expect(held(far).flatMap((isHeld, index) => (isHeld ? [index] : []))).toEqual([
    0, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  ]);
  expect(ids(far)).toEqual(ids(list));
  expect(withNext(far, idOf(900), page(800, 701))).toBe(far);
});
