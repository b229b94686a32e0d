import { expect, test } from 'vitest';
import { createBoundedSeries } from './bounded-series.ts';

function series(names: readonly string[], free: readonly string[]) {
  return createBoundedSeries({ names, free, limit: 2, create: (labels) => ({ labels }) });
}

test('keeps what came first by name and counts what comes later as other', () => {
  const find = series(['tool', 'outcome'], ['tool']);
  expect(find({ tool: 'a', outcome: 'ok' }).labels).toEqual({ tool: 'a', outcome: 'ok' });
  expect(find({ tool: 'b', outcome: 'ok' }).labels).toEqual({ tool: 'b', outcome: 'ok' });
  expect(find({ tool: 'c', outcome: 'ok' }).labels).toEqual({ tool: 'other', outcome: 'ok' });
  const failed = find({ tool: 'a', outcome: 'failed' });
  expect(failed.labels).toEqual({ tool: 'other', outcome: 'failed' });
  expect(find({ tool: 'a', outcome: 'ok' }).labels).toEqual({ tool: 'a', outcome: 'ok' });
});

test('finds the same series for the same labels, the one of all others as well', () => {
  const find = series(['tool', 'agent'], ['tool', 'agent']);
  const first = find({ tool: 'a', agent: 'x' });
  const second = find({ agent: 'a', tool: 'x' });
  expect(find({ agent: 'x', tool: 'a' })).toBe(first);
  expect(second).not.toBe(first);
  const others = find({ tool: 'b', agent: 'y' });
  expect(others.labels).toEqual({ tool: 'other', agent: 'other' });
  expect(find({ tool: 'c', agent: 'x' })).toBe(others);
});

test('makes as many of a metric as its fixed labels have values', () => {
  const find = series(['status'], []);
  for (const status of ['200', '404', '500']) expect(find({ status }).labels).toEqual({ status });
  const none = series([], []);
  expect(none({})).toBe(none({}));
});

test('cuts a value that is long', () => {
  const find = series(['tool'], ['tool']);
  const long = find({ tool: 'x'.repeat(10_000) });
  expect(long.labels.tool).toHaveLength(128);
  expect(find({ tool: 'x'.repeat(9_000) })).toBe(long);
});

test('gives no owner more than a tenth, and counts the rest under its name', () => {
  const names = ['tool', 'agent'];
  const create = (labels: Readonly<Record<string, string>>) => ({ labels });
  const find = createBoundedSeries({ names, free: names, owner: 'agent', limit: 20, create });
  for (const tool of ['a', 'b', 'c', 'd']) find({ tool, agent: 'x' });
  expect(find({ tool: 'b', agent: 'x' }).labels).toEqual({ tool: 'b', agent: 'x' });
  expect(find({ tool: 'd', agent: 'x' }).labels).toEqual({ tool: 'other', agent: 'x' });
  expect(find({ tool: 'd', agent: 'y' }).labels).toEqual({ tool: 'd', agent: 'y' });
});
