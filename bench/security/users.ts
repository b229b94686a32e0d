/**
 * Measures what it costs that a request is for an end user: naming them, and deciding with them in the principal. Prints
 * Markdown. `node bench/security/users.ts`; `CALLS` sets how many of each row, `RUN_US` the CPU time of a run that the ratio is of
 * (`node bench/run.ts` measures it).
 */

import { createHmac } from 'node:crypto';
import { principalOf } from '../../packages/gateway/src/policy/authorize.ts';
import { builtInRules } from '../../packages/gateway/src/policy/rules/built-in.ts';
import { decideOnAgent } from '../../packages/gateway/src/policy/rules/decide.ts';
import { compileRules } from '../../packages/gateway/src/policy/rules/rule-set.ts';
import { createNameUsers } from '../../packages/gateway/src/policy/users/name-users.ts';
import type { UserSettings } from '../../packages/gateway/src/policy/users/users-schema.ts';
import type { Caller } from '../../packages/gateway/src/protocol/policy.ts';
import type { EndUser } from '../../packages/gateway/src/protocol/security/user-principal.ts';

const calls = Number(process.env.CALLS ?? 100_000);
const runMicros = Number(process.env.RUN_US ?? 1160);
const nowSeconds = Date.now() / 1000;
const secret = 'a secret of at least thirty-two letters';

const plain: UserSettings = { headers: ['x-librechat-user-id'], openWebUi: null };
const signed: UserSettings = { ...plain, openWebUi: { secretEnv: 'SECRET', secret } };

function users(settings: UserSettings) {
  return createNameUsers({
    settings: () => settings,
    accountOf: (keyId) => keyId,
    nowSeconds: () => nowSeconds,
  });
}

const caller: Caller = {
  keyId: 'key_webui',
  keyName: 'webui',
  role: 'caller',
  namespaces: null,
  agents: null,
  requestId: 'req_1',
  forwardsUsers: true,
};

const rules = compileRules([
  ...Array.from({ length: 100 }, (_, index) => ({
    id: `r${index}`,
    effect: 'deny' as const,
    action: 'run_agent' as const,
    principals: [`user:u-${index}@example.com`],
    resources: ['*'],
    tier: 3,
    source: 'config' as const,
  })),
  ...builtInRules(),
]);

function decideFor(user: EndUser | null): void {
  const principal = principalOf(user ? { ...caller, user } : caller);
  const question = { principal, action: 'run_agent', resource: 'default/echo' } as const;
  decideOnAgent(rules, question, nowSeconds);
}

async function cpuMicros(work: () => unknown): Promise<number> {
  for (let warm = 0; warm < calls / 10; warm++) await work();
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = { sub: 'ann@example.com', email: 'ann@example.com', name: 'Ann', role: 'user' };
const times = { iss: 'open-webui', iat: Math.floor(nowSeconds), exp: Math.floor(nowSeconds) + 300 };
const signedPart = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ ...claims, ...times })}`;
const token = `${signedPart}.${createHmac('sha256', secret).update(signedPart).digest('base64url')}`;

const inHeader = users(plain);
const inToken = users(signed);
const known = inHeader.known(caller.keyId, 'ann@example.com');
const header = (name: string, value: string) => (asked: string) => (asked === name ? [value] : []);
const librechat = header('x-librechat-user-id', 'ann@example.com');
const openWebUi = header('x-openwebui-user-jwt', token);

const rows: readonly (readonly [string, () => unknown, (() => unknown)?])[] = [
  ['named in a header', () => inHeader.inHeaders(caller.keyId, librechat)],
  ['named in the body', () => inHeader.inBody(caller, { user: 'ann@example.com' })],
  ['named and signed by Open WebUI', () => inToken.inHeaders(caller.keyId, openWebUi)],
  ['decided on, 100 rules about users', () => decideFor(known), () => decideFor(null)],
];

process.stdout.write('| a user is | CPU µs | of a run |\n| --- | --- | --- |\n');
for (const [what, work, without] of rows) {
  const nothing = await cpuMicros(without ?? (() => null));
  const micros = Math.max(0, (await cpuMicros(work)) - nothing);
  const share = ((micros / runMicros) * 100).toFixed(2);
  process.stdout.write(`| ${what} | ${micros.toFixed(2)} | ${share} % |\n`);
}
