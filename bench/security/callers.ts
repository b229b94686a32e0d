/**
 * Measures what it costs to know a caller: by a key, by a token that was checked a moment ago, and by one that was not.
 * Prints Markdown. `node bench/security/callers.ts`; `CALLS` sets how many calls each row is made of.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentify } from '../../packages/gateway/src/policy/keys/identify.ts';
import { hashOf, newKeyRecord, newSecret } from '../../packages/gateway/src/policy/keys/new-key.ts';
import { authSchema, toIssuers } from '../../packages/gateway/src/policy/tokens/jwt-schema.ts';
import { createReadKeySet } from '../../packages/gateway/src/policy/tokens/read-key-set.ts';
import { createTokens } from '../../packages/gateway/src/policy/tokens/tokens.ts';
import { keySetOf, newIssuerKey, sign } from '../../packages/gateway/test/support/token-issuer.ts';
import { quantile } from '../quantile.ts';

const calls = Number(process.env.CALLS ?? 20_000);
const nowSeconds = () => Date.now() / 1000;

/** About as much as providers put into theirs. */
const groups = Array.from({ length: 20 }, (_, index) => `department-${index}/team`);

const folder = await mkdtemp(join(tmpdir(), 'dropgate-bench-'));
process.stdout.write('| caller with | of bytes | p50 µs | p99 µs |\n| --- | --- | --- | --- |\n');
try {
  for (const alg of ['ES256', 'RS256', 'EdDSA']) await measureAlgorithm(alg);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureAlgorithm(alg: string): Promise<void> {
  const key = await newIssuerKey('bench', alg);
  const file = join(folder, `${alg}.json`);
  await writeFile(file, keySetOf(key));
  const issuer = 'https://login.example.com';
  const entry = {
    issuer,
    audience: 'dropgate',
    jwks_file: file,
    role: { claim: 'groups', map: { 'department-3/team': 'operator' } },
  };
  const tokens = createTokens({
    issuers: toIssuers(authSchema.parse({ jwt: [entry] }), '/'),
    read: createReadKeySet(() => Promise.reject(new Error('It is a file.'))),
    nowSeconds,
    emit: () => undefined,
  });
  const secret = newSecret();
  const record = newKeyRecord({ role: 'caller', createdBy: 'bench' }, hashOf(secret), 0);
  const identify = createIdentify({
    known: { authenticate: (given) => (hashOf(given) === record.hash ? record : null) },
    tokens,
    localToken: 'dgl_bench',
  });
  const claims = (jti: number) => ({
    iss: issuer,
    aud: 'dropgate',
    sub: 'alice@example.com',
    jti: String(jti),
    groups,
    exp: Math.floor(nowSeconds()) + 3600,
  });
  if (alg === 'ES256') await print('a key', secret, () => identify(secret));
  const known = await sign(key, claims(-1));
  await identify(known);
  await print(`a token that is known (${alg})`, known, () => identify(known));
  const fresh = await Promise.all(
    Array.from({ length: Math.min(calls, 5000) }, (_, jti) => sign(key, claims(jti))),
  );
  let at = 0;
  await print(`a new token (${alg})`, known, () => identify(fresh[at++] ?? ''), fresh.length);
}

/** Times each call on its own, after as many that warm the code. */
async function print(
  what: string,
  secret: string,
  call: () => unknown,
  count: number = calls,
): Promise<void> {
  const warm = Math.floor(count / 4);
  const micros: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const began = performance.now();
    const answer = call();
    if (answer instanceof Promise) await answer;
    if (index >= warm) micros.push((performance.now() - began) * 1000);
  }
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(micros, share).toFixed(1));
  process.stdout.write(`| ${what} | ${secret.length} | ${p50} | ${p99} |\n`);
}
