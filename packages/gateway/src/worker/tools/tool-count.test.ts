import { expect, test } from 'vitest';
import { createToolCount } from './tool-count.ts';

test('counts a tool as called again whatever order its arguments stand in', () => {
  const { add } = createToolCount({ maxRepeated: 3 });
  const calls: [string, unknown][] = [
    ['look', '{"a":1,"b":{"c":2,"d":[1,2]}}'],
    ['look', '{ "b": {"d":[1,2],"c":2}, "a": 1 }'],
    ['look', { a: 1, b: { c: 2, d: [1, 2] } }],
    ['look', '{"a":1,"b":{"c":2,"d":[1,2]}}'],
    ['look', '{"a":1,"b":{"c":2,"d":[2,1]}}'],
    ['listen', '{"a":1,"b":{"c":2,"d":[2,1]}}'],
    ['listen', 'no JSON'],
    ['listen', 'no JSON'],
  ];
  expect(calls.map(([tool, args]) => add(tool, args))).toEqual([
    { told: {}, isOver: false },
    { told: { repeated: 2 }, isOver: false },
    { told: { repeated: 3 }, isOver: false },
    { told: { repeated: 4 }, isOver: true },
    { told: {}, isOver: false },
    { told: {}, isOver: false },
    { told: {}, isOver: false },
    { told: { repeated: 2 }, isOver: false },
  ]);
});

test('knows no limits unless it is given some, and minds no arguments that cannot be written', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const free = createToolCount();
  for (let call = 0; call < 100; call += 1) expect(free.add('look', circle).isOver).toBe(false);
  const few = createToolCount({ maxCalls: 1 });
  expect([few.add('look', '1').isOver, few.add('listen', '2').isOver]).toEqual([false, true]);
});
