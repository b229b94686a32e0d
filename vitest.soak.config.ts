import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

export default defineConfig({
  test: {
    ...base.test,
    include: ['packages/*/{src,test}/**/*.soak.test.ts'],
    exclude: ['**/node_modules/**', '**/fixtures/**'],
  },
});
