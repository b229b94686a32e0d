import { describe, expect, test } from 'vitest';
import type { ModelMessage } from '../../protocol/worker/messages.ts';
import { createModelLine } from './model-line.ts';

const KIB = 1024;
const request = {
  method: 'POST',
  path: '/v1/responses',
  headers: {},
  body: Buffer.from('{}'),
  runId: 'run_1',
  signal: undefined,
};

/** A line whose gateway is the test. */
function openLine() {
  const sent: ModelMessage[] = [];
  const line = createModelLine((message) => void sent.push(message));
  const part = (of: object, bytes: string | Buffer | null = null) =>
    line.take(
      { type: 'model_data', callId: '1', ...of },
      bytes === null ? null : Buffer.from(bytes),
    );
  return { line, sent, part };
}

describe('a model call over the channel', () => {
  test('gives the pieces of its answer as they come, and says what was taken', async () => {
    const { line, sent, part } = openLine();
    const answer = line.call(request);
    part({ status: 200, headers: { 'content-type': 'text/plain' } }, 'a');
    const { status, headers, body } = await answer;
    expect([status, headers['content-type']]).toEqual([200, 'text/plain']);
    expect(await body.next()).toEqual(Buffer.from('a'));
    const waiting = body.next();
    part({}, Buffer.alloc(40 * KIB));
    expect((await waiting)?.length).toBe(40 * KIB);
    part({}, Buffer.alloc(30 * KIB));
    expect(sent.map(({ type }) => type)).toEqual(['model_call']);
    await body.next();
    expect(sent.at(-1)).toEqual({ type: 'model_ack', callId: '1', taken: 70 * KIB + 1 });
    part({ end: true }, 'z');
    expect(await body.next()).toEqual(Buffer.from('z'));
    expect(await body.next()).toBeNull();
    expect(await body.next()).toBeNull();
    body.cancel();
    expect(sent).toHaveLength(2);
  });

  test('that ends before it has a head has failed', async () => {
    const { line, part } = openLine();
    const answer = line.call(request);
    part({ end: true }, 'a');
    await expect(answer).rejects.toThrow('terminated');
  });

  test('says nothing of what nobody reads', async () => {
    const { line, sent, part } = openLine();
    const answer = line.call(request);
    part({ status: 200, headers: {} });
    for (let index = 0; index < 10; index += 1) part({}, Buffer.alloc(64 * KIB));
    await answer;
    expect(sent).toHaveLength(1);
  });

  test.each(['before its head', 'within its body', 'when it is over'])(
    'is given up %s',
    async (phase) => {
      const { line, sent, part } = openLine();
      const leave = new AbortController();
      const answer = line.call({ ...request, signal: leave.signal });
      if (phase === 'before its head') {
        leave.abort(new Error('left'));
        await expect(answer).rejects.toThrow('left');
        part({ status: 200, headers: {}, end: true }, 'late');
      } else {
        part({ status: 200, headers: {} }, 'a');
        const { body } = await answer;
        if (phase === 'when it is over') part({ end: true });
        leave.abort(new Error('left'));
        const rest = phase === 'when it is over' ? Buffer.from('a') : 'left';
        expect(await body.next().catch((error: Error) => error.message)).toEqual(rest);
      }
      const aborts = phase === 'when it is over' ? [] : [{ type: 'model_abort', callId: '1' }];
      expect(sent.slice(1)).toEqual(aborts);
    },
  );

  test('that was given up before it began is not sent', async () => {
    const { line, sent } = openLine();
    const signal = AbortSignal.abort(new Error('left'));
    await expect(line.call({ ...request, signal })).rejects.toThrow('left');
    expect(sent).toEqual([]);
  });

  test('that breaks off fails its reader, whether it waits or comes later', async () => {
    const { line, part } = openLine();
    const answer = line.call(request);
    part({ status: 200, headers: {} });
    const { body } = await answer;
    const waiting = body.next();
    part({ cut: true });
    await expect(waiting).rejects.toThrow('terminated');
    await expect(body.next()).rejects.toThrow('terminated');
  });

  test('that breaks off is read as far as it came', async () => {
    const { line, part } = openLine();
    const answer = line.call(request);
    part({ status: 200, headers: {}, cut: true }, 'as far');
    const { body } = await answer;
    expect(await body.next()).toEqual(Buffer.from('as far'));
    await expect(body.next()).rejects.toThrow('terminated');
  });

  test('gets no part of another call', async () => {
    const { line } = openLine();
    const [first, second] = [line.call(request), line.call({ ...request, runId: 'run_2' })];
    const part = (callId: string, of: object, bytes: string) =>
      line.take({ type: 'model_data', callId, ...of }, Buffer.from(bytes));
    part('2', { status: 201, headers: {} }, 'two');
    part('1', { status: 200, headers: {} }, 'one');
    part('3', { status: 200, headers: {} }, 'nobody');
    part('2', { end: true }, '-b');
    part('1', { end: true }, '-a');
    const texts = [await first, await second].map(
      async ({ body }) => `${await body.next()}${await body.next()}`,
    );
    expect(await Promise.all(texts)).toEqual(['one-a', 'two-b']);
  });
});
