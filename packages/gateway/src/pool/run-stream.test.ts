import { describe, expect, test } from 'vitest';
import { isLastEvent, type RunEvent } from '../protocol/run.ts';
import { failed } from './active-run.ts';
import { RunStream } from './run-stream.ts';

const text = (delta: string): RunEvent => ({ type: 'text', delta });

describe('the stream of a run', () => {
  test('gives out events in order, to a reader that waits and to one that comes later', async () => {
    const { stream, read } = streamOf();
    stream.push(text('a'));
    stream.push(text('b'));
    expect([await read(), await read()]).toEqual([text('a'), text('b')]);
    const waiting = read();
    stream.push(text('c'));
    expect(await waiting).toEqual(text('c'));
  });

  test('ends after the last event, whatever comes later', async () => {
    const { stream, read } = streamOf();
    const last = failed('run_failed', 'It failed.');
    stream.push(last);
    stream.push(text('late'));
    expect([await read(), await read(), await read()]).toEqual([last, undefined, undefined]);
    expect(stream.isEnded).toBe(true);
  });

  test('gives credit back in portions as its reader takes events', async () => {
    const { stream, read, credits } = streamOf();
    for (let index = 0; index < 200; index += 1) stream.push(text('x'));
    expect(credits).toEqual([]);
    for (let index = 0; index < 200; index += 1) await read();
    expect(credits).toEqual([64, 64, 64]);
  });

  test('says when more waits than any credit allows', () => {
    const { stream } = streamOf();
    const answers = Array.from({ length: 513 }, () => stream.push(text('x')));
    expect(answers.indexOf(false)).toBe(512);
  });

  test('drops what waits when it is cut', async () => {
    const { stream, read } = streamOf();
    const last = failed('run_cancelled', 'The run was cancelled.');
    stream.push(text('waiting'));
    stream.cut(last);
    expect([await read(), await read()]).toEqual([last, undefined]);
  });

  test('tells once that its reader left early, and not when it left at the end', async () => {
    const early = streamOf();
    early.stream.push(text('a'));
    for await (const _event of early.stream) break;
    expect(early.left()).toBe(1);
    const whole = streamOf();
    whole.stream.push(failed('run_failed', 'It failed.'));
    for await (const event of whole.stream) expect(isLastEvent(event)).toBe(true);
    expect(whole.left()).toBe(0);
  });
});

function streamOf() {
  const credits: number[] = [];
  let left = 0;
  const stream = new RunStream({
    onCredit: (events) => credits.push(events),
    onLeft: () => {
      left += 1;
    },
  });
  const iterator = stream[Symbol.asyncIterator]();
  const read = async (): Promise<RunEvent | undefined> => (await iterator.next()).value;
  return { stream, read, credits, left: () => left };
}
