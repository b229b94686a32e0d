import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createBodyRoom } from './body-room.ts';
import { readBody } from './read-body.ts';

const MIB = 1024 * 1024;

function room() {
  const hold = createBodyRoom({ ofWorkerBytes: 64 * MIB, ofAllBytes: 256 * MIB });
  return () => hold({});
}

test('a worker holds as much as it leaves free, so that something is left for all', () => {
  const worker = room();
  const held = Array.from({ length: 12 }, () => {
    const body = worker();
    let mebibytes = 0;
    try {
      for (; ; mebibytes += 0.5) body.add(0.5 * MIB);
    } catch {
      return { body, mebibytes };
    }
  });
  const mebibytes = held.map((each) => each.mebibytes);
  expect(mebibytes).toEqual([64, 64, 64, 32, 16, 8, 4, 2, 1, 0.5, 0, 0]);
  worker().add(64 * 1024);
  expect(() => worker().add(MIB)).toThrow('Agents have unfinished model calls of 256 MiB together');
  held[0]?.body.release();
  worker().add(32 * MIB);
});

test('what is expected only holds nothing, and is refused where it will not fit', () => {
  const worker = room();
  const body = worker();
  body.expect(64 * MIB);
  body.expect(64 * MIB);
  expect(() => body.expect(65 * MIB)).toThrow('The agent has unfinished model calls of 64 MiB');
  body.add(64 * MIB);
  expect(() => body.add(1)).toThrow('The agent has unfinished model calls of 64 MiB');
});

test('a body that does not come is not waited for, and what came of it is given up', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const headers = { 'content-length': String(64 * MIB) };
  const request = Object.assign(new PassThrough(), { headers }) as unknown as IncomingMessage;
  const reading = readBody(request, { signal: new AbortController().signal, held: room()() });
  (request as unknown as PassThrough).write('{');
  vi.advanceTimersByTime(30_000);
  await expect(reading).rejects.toMatchObject({
    code: 'request_timeout',
    message: 'A model call has to arrive whole within 30 s. Send it without pauses.',
  });
});
