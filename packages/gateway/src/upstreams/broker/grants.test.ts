import { expect, test } from 'vitest';
import { createGrants } from './grants.ts';

/** Opens as many calls as it can, of one run each. */
function openAll(mostRuns: number | undefined, tries: number): { opened: number; said: string } {
  const grants = createGrants(() => 'http://127.0.0.1:1/v1', mostRuns);
  const access = grants.issue('default/a');
  const grant = grants.find(access.token);
  for (let opened = 0; opened < tries; opened += 1) {
    access.startRun(`run_${opened}`, 'key_1');
    try {
      grant?.openCall(`run_${opened}`);
    } catch (error) {
      return { opened, said: (error as Error).message };
    }
  }
  return { opened: tries, said: '' };
}

test('each of the runs that an agent may have can ask its model at the same time', () => {
  expect(openAll(5000, 5000)).toEqual({ opened: 5000, said: '' });
});

test('a worker has a thousand calls open at most where it may have fewer runs', () => {
  expect(openAll(64, 2000)).toEqual({
    opened: 1000,
    said: 'The agent has 1000 unfinished model calls. Send this one again when others have ended.',
  });
});

test('calls are bounded where runs are many', () => {
  expect(openAll(1500, 5000).opened).toBe(3000);
});
