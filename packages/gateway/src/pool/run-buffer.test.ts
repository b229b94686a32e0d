import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../protocol/run.ts';
import { createUnreadRoom } from '../protocol/unread-room.ts';
import { failed } from './active-run.ts';
import { RunBuffer } from './run-buffer.ts';

const text = (delta: string): RunEvent => ({ type: 'text', delta });

describe('the buffer of a run', () => {
  test('hands events on at once, in order, those from before its sink first', () => {
    const { buffer, taken, open } = bufferOf();
    buffer.push(text('a'));
    buffer.push(text('b'));
    expect(taken).toEqual([]);
    open();
    expect(taken).toEqual([text('a'), text('b')]);
    buffer.push(text('c'));
    expect(taken).toEqual([text('a'), text('b'), text('c')]);
  });

  test('ends after the last event, whatever comes later', () => {
    const { buffer, taken, open } = bufferOf();
    const last = failed('run_failed', 'It failed.');
    buffer.push(last);
    buffer.push(text('late'));
    expect(buffer.isEnded).toBe(true);
    open();
    buffer.cut(failed('run_cancelled', 'Too late.'));
    expect(taken).toEqual([last]);
  });

  test('holds events while its sink is behind, and hands them on when it has caught up', async () => {
    const { buffer, taken, open, holdAfter, catchUp } = bufferOf();
    open();
    holdAfter(2);
    for (const delta of ['a', 'b', 'c', 'd']) buffer.push(text(delta));
    expect(taken).toEqual([text('a'), text('b')]);
    holdAfter(1);
    await catchUp();
    expect(taken).toEqual([text('a'), text('b'), text('c')]);
    await catchUp();
    expect(taken).toHaveLength(4);
  });

  test('gives credit back in portions as its sink takes events', () => {
    const { buffer, credits, open } = bufferOf();
    for (let index = 0; index < 200; index += 1) buffer.push(text('x'));
    expect(credits).toEqual([]);
    open();
    expect(credits).toEqual([64, 64, 64]);
  });

  test('gives credit back for long texts at once: their worker waits for it', () => {
    const { buffer, credits, open } = bufferOf();
    open();
    for (const length of [1, 64 * 1024, 60_000, 6000]) buffer.push(text('x'.repeat(length)));
    expect(credits).toEqual([2, 2]);
  });

  test('says when more waits than any credit allows', () => {
    const { buffer } = bufferOf();
    const answers = Array.from({ length: 513 }, () => buffer.push(text('x')));
    expect(answers.indexOf(false)).toBe(512);
  });

  test('drops what waits when it is cut', async () => {
    const { buffer, taken, open, holdAfter, catchUp } = bufferOf();
    const last = failed('run_cancelled', 'The run was cancelled.');
    open();
    holdAfter(1);
    buffer.push(text('taken'));
    buffer.push(text('waiting'));
    buffer.cut(last);
    await catchUp();
    expect(taken).toEqual([text('taken'), last]);
  });

  test('counts the text that waits, with what its reader has not taken, until all is read', async () => {
    const held = room();
    const { buffer, open, holdAfter, catchUp } = bufferOf(unread(held));
    open();
    holdAfter(1);
    const answers = ['x'.repeat(400), 'x'.repeat(600), 'x'].map((delta) =>
      buffer.push(text(delta)),
    );
    expect(answers).toEqual([true, true, false]);
    expect(held.heldBytes()).toBe(2000);
    buffer.cut(failed('run_failed', 'It was read too slowly.'));
    expect(held.heldBytes()).toBe(800);
    await catchUp();
    expect(held.heldBytes()).toBe(0);
  });

  test('can be cut by the very sink that takes an event', () => {
    const last = failed('run_cancelled', 'The run was cancelled.');
    const taken: RunEvent[] = [];
    const buffer = new RunBuffer(() => undefined, unread());
    buffer.push(text('a'));
    buffer.push(text('b'));
    buffer.sendTo({
      write(event) {
        taken.push(event);
        buffer.cut(last);
        return null;
      },
    });
    expect(taken).toEqual([text('a'), last]);
  });
});

const room = () => createUnreadRoom(() => undefined, { ofOwnerBytes: 2000, ofAllBytes: 9000 });
const unread = (of = room()) => of.hold({ agentId: 'default/a' }, 'run_events');

/** A buffer, and a sink that can fall behind. */
function bufferOf(held = unread()) {
  const credits: number[] = [];
  const taken: RunEvent[] = [];
  const buffer = new RunBuffer((events) => credits.push(events), held);
  let until = Number.POSITIVE_INFINITY;
  let caughtUp = Promise.withResolvers<void>();
  return {
    buffer,
    credits,
    taken,
    open: () =>
      buffer.sendTo({
        write(event) {
          taken.push(event);
          until -= 1;
          return until === 0 ? caughtUp.promise : null;
        },
      }),
    /** After so many more events it is behind. */
    holdAfter(events: number) {
      until = events;
    },
    async catchUp() {
      const before = caughtUp;
      caughtUp = Promise.withResolvers();
      before.resolve();
      await before.promise;
    },
  };
}
