import { expect, test } from 'vitest';
import { portAdvice } from './port-advice.ts';

const server = { port: 8080 } as Parameters<typeof portAdvice>[0]['server'];

test.each([
  ['by hand', {}, undefined, 'take another port: --port 8081, or --port 0 for any free one.'],
  ['with make', { MAKELEVEL: '1' }, undefined, 'take another port: GATEWAY_PORT=8081 make run.'],
  [
    'by a script of npm',
    { npm_lifecycle_event: 'dev' },
    undefined,
    'take another port: npm run dev -- --port 8081.',
  ],
  [
    'with npx',
    { npm_lifecycle_event: 'npx' },
    undefined,
    'take another port: --port 8081, or --port 0 for any free one.',
  ],
  [
    'with a variable',
    { GATEWAY_PORT: '8080' },
    undefined,
    'set another GATEWAY_PORT, such as 8081, or 0 for any free one.',
  ],
  [
    'with the option',
    { GATEWAY_PORT: '80', MAKELEVEL: '1' },
    8080,
    'take another port: --port 8081, or --port 0 for any free one.',
  ],
])('advises a gateway started %s in the same words', (_how, environment, option, advice) => {
  expect(portAdvice({ server, environment }, option)).toBe(advice);
});
