import { expect, test } from 'vitest';
import { npmFailed } from './npm-failure.ts';

const unreached =
  'See whether the registry can be reached (`npm ping`), through a proxy too, then run the command again.';

test.each([
  ['EAI_AGAIN', 'request to https://npm.corp/zod failed', unreached],
  ['ETIMEDOUT', 'network request to https://npm.corp/zod failed', unreached],
  ['ECONNRESET', 'network aborted', unreached],
  [
    'E401',
    '401 Incorrect or missing password.',
    'The registry wants to know who asks: run `npm login`, or put its token into your own ~/.npmrc.',
  ],
  [
    'E404',
    "404  '@corp/tools@*' is not in this registry.",
    'Correct the name in package.json. The registry wants to know who asks: run `npm login`, or put its token into your own ~/.npmrc.',
  ],
  [
    'ENOTCACHED',
    "request to https://npm.corp/zod failed: cache mode is 'only-if-cached' but no cached response is available.",
    'npm is set to work offline, and its cache lacks the package: install once with a network (`npm config delete offline`), or fill the cache with `npm cache add`.',
  ],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'request to https://npm.corp/zod failed, reason: self-signed certificate in certificate chain',
    "The registry's certificate is signed by nobody that Node knows: name the authority's file in NODE_EXTRA_CA_CERTS, or as `cafile` in your own ~/.npmrc.",
  ],
])('what npm fails of with %s is told with what to do', (code, reason, hint) => {
  const output = `npm error code ${code}\nnpm error ${reason}\nnpm error A complete log of this run can be found in: /x/debug-0.log\n`;
  const failure = npmFailed(output);
  expect(failure.hint).toBe(hint);
  expect(failure.message).toBe(
    `npm could not install: ${reason.replace(/^(401|404|network)\s+/, '')}`,
  );
});
