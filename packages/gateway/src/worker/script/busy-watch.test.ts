import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('./busy-watch.ts', import.meta.url));

const text = `
  import { watchBusy } from ${JSON.stringify(source)};
  for (let load = 0; load < 25; load += 1) {
    const end = watchBusy('for (;;)', 20);
    const cell = new Int32Array(new SharedArrayBuffer(4));
    for (const over = Date.now() + 60; Date.now() < over; ) Atomics.wait(cell, 0, 0, 5);
    end();
  }
`;

test('a process that is asked where it is goes on, load after load', () => {
  const { status, signal } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', text],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  );

  expect({ status, signal }).toEqual({ status: 0, signal: null });
});
