import { expect, test } from 'vitest';
import { createWorkLine } from './work-line.ts';

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve };
}

const line = () => createWorkLine({ what: 'previews', ofKey: 3, ofAll: 4 });

test('work is done one piece at a time, in the order it was asked for, whatever fails', async () => {
  const enter = line();
  const told: string[] = [];
  const work = (name: string, failure?: Error) => async () => {
    told.push(`${name} begins`);
    await Promise.resolve();
    told.push(`${name} ends`);
    if (failure) throw failure;
    return name;
  };
  const all = [
    enter('a', work('one')),
    enter('a', work('two', new Error('It went wrong.'))),
    enter('b', work('three')),
  ];
  expect(await Promise.allSettled(all)).toMatchObject([
    { value: 'one' },
    { reason: { message: 'It went wrong.' } },
    { value: 'three' },
  ]);
  expect(told).toEqual([
    'one begins',
    'one ends',
    'two begins',
    'two ends',
    'three begins',
    'three ends',
  ]);
});

test('other work is done between two pieces', async () => {
  const enter = line();
  const told: string[] = [];
  setImmediate(() => told.push('a health check'));
  await Promise.all(
    ['one', 'two'].map((name) => enter('a', async () => void told.push(`work ${name}`))),
  );
  expect(told).toEqual(['work one', 'a health check', 'work two']);
});

test('a key that asks for too much is refused, others are not until all are too many', async () => {
  const enter = line();
  const { work, end } = held();
  const waiting = [enter('a', work), enter('a', work), enter('a', work)];
  await expect(enter('a', work)).rejects.toMatchObject({
    code: 'rate_limited',
    message:
      'This key has 3 previews that are not answered yet. Wait for one of them before you ask for more.',
    retryAfterSeconds: 1,
  });
  waiting.push(enter('b', work));
  await expect(enter('c', work)).rejects.toMatchObject({
    code: 'overloaded',
    message: '4 previews are not answered yet, and no more may wait. Try again in a moment.',
  });
  end();
  await Promise.all(waiting);
  await Promise.all([enter('a', work), enter('a', work), enter('a', work)]);
});

test('who leaves while it waits is forgotten, and its work is never done', async () => {
  const enter = line();
  const { work, end } = held();
  const first = enter('a', work);
  const leaving = new AbortController();
  const done: string[] = [];
  const left = enter('a', async () => void done.push('left'), leaving.signal);
  const last = enter('a', work);
  leaving.abort(new Error('The caller left.'));
  await expect(left).rejects.toThrow('The caller left.');
  const another = enter('a', work);
  end();
  await Promise.all([first, last, another]);
  expect(done).toEqual([]);
  await expect(enter('a', work, leaving.signal)).rejects.toThrow('The caller left.');
});
