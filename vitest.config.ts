import { defineConfig } from 'vitest/config';
import { hangTimeoutMs, patienceMs } from './packages/gateway/test/support/hang-limit.ts';

export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/fixtures/**'],
    globalSetup: 'packages/gateway/test/fetch-packages.ts',
    pool: 'forks',
    maxWorkers: 2,
    // No module holds state, so files can share a process: most of a short one is what it imports.
    isolate: false,
    testTimeout: hangTimeoutMs,
    hookTimeout: hangTimeoutMs,
    expect: { poll: { timeout: patienceMs } },
  },
});
