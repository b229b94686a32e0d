import { expect, test } from 'vitest';
import { createReadiness } from './readiness.ts';

test('names what a start waits for, until nothing is left of it', async () => {
  const readiness = createReadiness();
  const loading = Promise.withResolvers<void>();
  readiness.begin(loading.promise);
  expect([readiness.state(), readiness.waitingFor()]).toEqual([
    'starting',
    ['store', 'broker', 'first_scan'],
  ]);
  readiness.passed('store');
  readiness.passed('broker');
  expect([readiness.state(), readiness.waitingFor()]).toEqual(['starting', ['first_scan']]);
  loading.resolve();
  await readiness.loaded;
  expect([readiness.state(), readiness.waitingFor()]).toEqual(['ready', []]);
});
