import { defineConfig } from 'vitest/config';
import { noBrowser } from './packages/gateway/test/console/no-browser.ts';
import { hangTimeoutMs, patienceMs } from './packages/gateway/test/support/hang-limit.ts';
import { LongFirst } from './packages/gateway/test/support/long-first.ts';

export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    // Those named `soak` prove a little more for many more seconds: `make soak`, and every night.
    exclude: [
      '**/node_modules/**',
      '**/fixtures/**',
      '**/*.soak.test.ts',
      // `prepare.ts` says so.
      ...(noBrowser() === null ? [] : ['packages/gateway/test/console/**']),
    ],
    globalSetup: 'packages/gateway/test/prepare.ts',
    pool: 'forks',
    // Two more than the cores that this has to be quick on: of the time of a file half is waited, for processes and for
    // limits to pass. With three more they cost a tenth more CPU.
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    // No module holds state, so files can share a process: most of a short one is what it imports.
    isolate: false,
    testTimeout: hangTimeoutMs,
    hookTimeout: hangTimeoutMs,
    expect: { poll: { timeout: patienceMs } },
  },
});
