import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/console/',
  plugins: [react()],
  build: {
    target: 'es2023',
    // Its polyfill would be a script within the page, which the policy of the page forbids.
    modulePreload: { polyfill: false },
    // A file within a file is none that the policy lets in.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
