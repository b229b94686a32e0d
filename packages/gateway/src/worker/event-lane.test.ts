import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { noUsage, type RunEvent } from '../protocol/run.ts';
import { createEventLane, createTurnEnd } from './event-lane.ts';

const finished: RunEvent = { type: 'finished', reason: 'stop', usage: noUsage };

function text(delta: string) {
  return { type: 'text', delta } as const;
}

/** A lane and all that came out of it. */
function laneWith(credits: number, options = { streamed: true }) {
  const delivered: RunEvent[] = [];
  return {
    delivered,
    lane: createEventLane((event) => delivered.push(event), {
      credits,
      ...options,
      atTurnEnd: createTurnEnd(),
    }),
  };
}

describe('a lane with credit', () => {
  test('joins the text of one turn of the event loop and keeps the order', async () => {
    const { lane, delivered } = laneWith(10);
    await lane.push(text('Hel'));
    await lane.push(text('lo'));
    expect(delivered).toEqual([]);
    await setImmediate();
    expect(delivered).toEqual([text('Hello')]);
    await lane.push(text('!'));
    await lane.push({ type: 'reasoning', delta: 'hm' });
    await lane.push(finished);
    expect(delivered).toEqual([
      text('Hello'),
      text('!'),
      { type: 'reasoning', delta: 'hm' },
      finished,
    ]);
  });

  test('asks nobody to wait', () => {
    const { lane } = laneWith(10);
    expect(lane.push(text('a'))).toBeUndefined();
    expect(lane.push(finished)).toBeUndefined();
  });
});

describe('a lane with long texts', () => {
  const long = text('x'.repeat(128 * 1024));

  test('is 256 Ki characters ahead of its credits at most, and goes on with each that comes', async () => {
    const { lane, delivered } = laneWith(100);
    const pushed = [];
    for (let index = 0; index < 4; index += 1) {
      pushed.push(lane.push(long));
      await setImmediate();
    }
    expect(delivered).toEqual([long, long]);
    expect(pushed.map((each) => each instanceof Promise)).toEqual([false, false, true, true]);
    lane.grant(1);
    expect(delivered).toEqual([long, long, text(long.delta + long.delta)]);
    await Promise.all(pushed);
    const last = lane.push(text('y'));
    await setImmediate();
    expect(delivered).toHaveLength(3);
    lane.grant(2);
    await last;
    expect(delivered.at(-1)).toEqual(text('y'));
  });

  test('sends all of them where nobody counts any more', async () => {
    const { lane, delivered } = laneWith(100);
    lane.release();
    for (let index = 0; index < 4; index += 1) {
      expect(lane.push(long)).toBeUndefined();
      await setImmediate();
    }
    expect(delivered).toEqual([long, long, long, long]);
  });
});

describe('a lane without credit', () => {
  test('holds everything back, text in one piece, until it gets some', async () => {
    const { lane, delivered } = laneWith(0);
    const first = lane.push(text('a'));
    const second = lane.push(text('b'));
    const last = lane.push(finished);
    await setImmediate();
    expect(delivered).toEqual([]);
    lane.grant(1);
    expect(delivered).toEqual([text('ab')]);
    lane.grant(5);
    expect(delivered).toEqual([text('ab'), finished]);
    await Promise.all([first, second, last, lane.drained()]);
  });

  test('spends one credit for each event', () => {
    const { lane, delivered } = laneWith(1);
    void lane.push({ type: 'handed_off', fromAgent: 'a', toAgent: 'b' });
    void lane.push({ type: 'handed_off', fromAgent: 'b', toAgent: 'c' });
    expect(delivered).toHaveLength(1);
  });

  test('lets all go when it is released, and all that comes after', () => {
    const { lane, delivered } = laneWith(0);
    void lane.push(text('a'));
    lane.release();
    void lane.push(finished);
    expect(delivered).toEqual([text('a'), finished]);
  });
});

test('text beyond the longest event is cut, never within a character', async () => {
  const { lane, delivered } = laneWith(10);
  const long = `x${'😀'.repeat(200_000)}`;
  await lane.push(text(long));
  await setImmediate();
  const deltas = delivered.map((event) => (event.type === 'text' ? event.delta : ''));
  expect(deltas.map(({ length }) => length)).toEqual([262_143, 137_858]);
  expect(deltas.join('')).toBe(long);
  expect(deltas.every((delta) => delta.isWellFormed())).toBe(true);
});

describe('a lane of a run whose whole answer is wanted', () => {
  const started: RunEvent = {
    type: 'tool_started',
    callId: 'c1',
    tool: 'get_weather',
    agent: 'A',
    provenance: 'native',
  };

  test('lets events go out together with the last one', async () => {
    const { lane, delivered } = laneWith(10, { streamed: false });
    await lane.push(started);
    await lane.push(text('Hello'));
    await setImmediate();
    expect(delivered).toEqual([]);
    await lane.push(finished);
    expect(delivered).toMatchObject([started, text('Hello'), finished]);
  });

  test('does not hold them back for long, and tells for how long', async () => {
    const { lane, delivered } = laneWith(10, { streamed: false });
    await lane.push(started);
    await expect.poll(() => delivered).toEqual([{ ...started, agoMs: expect.any(Number) }]);
  });
});
