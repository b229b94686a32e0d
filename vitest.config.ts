import { defineConfig } from 'vitest/config';

/** Tests start real processes on whatever machine there is: their limits are for hangs, not for speed. */
const hangTimeoutMs = 60_000;

export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/fixtures/**'],
    pool: 'forks',
    maxWorkers: 2,
    // No module holds state, so files can share a process: most of a short one is what it imports.
    isolate: false,
    testTimeout: hangTimeoutMs,
    hookTimeout: hangTimeoutMs,
    expect: { poll: { timeout: hangTimeoutMs / 2 } },
  },
});
