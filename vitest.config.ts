import { defineConfig } from 'vitest/config';

/** Tests start real processes on whatever machine there is: their limits are for hangs, not for speed. */
const hangTimeoutMs = 60_000;

export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/fixtures/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: hangTimeoutMs,
    hookTimeout: hangTimeoutMs,
    expect: { poll: { timeout: hangTimeoutMs / 2 } },
  },
});
