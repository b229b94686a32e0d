import { resolve } from 'node:path';
import { z } from 'zod';
import { type KeyLimits, limitNames, roles } from '../../protocol/policy.ts';
import { isNetwork } from '../../protocol/security/network.ts';
import { moneyLimits } from '../../protocol/security/security-limits.ts';
import { usersSchema } from '../users/users-schema.ts';
import { issuerProblems } from './issuer-problems.ts';
import { type Given, type Issuer, type KeySource, signatureAlgorithms } from './issuer-settings.ts';

const text = z.string().min(1).max(512);

/** A value for all, or one by the values of a claim. */
function given<Value extends z.ZodType>(value: Value, shown: { what: string; example: string }) {
  const byClaim = z.strictObject({
    claim: text,
    map: z
      .record(z.string().min(1).max(512), value)
      .refine(
        (map) => Object.keys(map).length > 0,
        'This map is empty. Give it a value of the claim, and what that gives.',
      ),
    default: value.optional(),
  });
  return z.union([value, byClaim]).meta({
    allowed: `${shown.what}, or { claim: <name of a claim>, map: { <value of it>: ${shown.example} }, default: ${shown.example} }, of which default may be absent`,
  });
}

const role = given(z.enum(roles), { what: 'caller, operator or metrics', example: 'caller' });

const namespaces = given(z.array(z.string().regex(/^[a-z0-9][a-z0-9._-]*$/)).min(1), {
  what: 'a list of namespaces, such as [labs]',
  example: '[labs]',
});

const agents = given(z.array(z.string().regex(/^[a-z0-9._*/-]+$/)).min(1), {
  what: 'a list of model ids in which `*` stands for anything, such as ["labs/*"]',
  example: '["labs/*"]',
});

const count = given(z.int().min(1).max(1_000_000_000_000), {
  what: 'a whole number above 0',
  example: '100',
}).optional();

const dollars = given(z.number().min(moneyLimits.leastUsd).max(moneyLimits.mostUsd), {
  what: 'US dollars, such as 2.5',
  example: '2.5',
}).optional();

const limits = z
  .strictObject({
    requests_per_minute: count.describe('Requests a minute of each caller.'),
    concurrent_runs: count.describe('Runs of each caller at the same time, on each gateway.'),
    tokens_per_day: count.describe('Tokens of model calls of each caller in a UTC day.'),
    tokens_per_month: count.describe('The same in a UTC month.'),
    usd_per_day: dollars.describe('US dollars that model calls of each caller cost in a UTC day.'),
    usd_per_month: dollars.describe('The same in a UTC month.'),
  })
  .prefault({})
  .describe(
    'Limits of each caller. Of several values of a claim the highest holds; absent is as `security.limits` says.',
  );

const issuer = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,31}$/)
      .optional()
      .meta({ allowed: 'lower case letters, digits, `.`, `_` and `-`, at most 32' })
      .describe(
        'Name of the issuer in principals, `oidc:<name>:<subject>`. By default the host of `issuer`.',
      ),
    issuer: text
      .meta({ allowed: 'a text, such as https://login.example.com' })
      .describe('`iss` of its tokens, letter by letter.'),
    audience: z
      .union([text, z.array(text).min(1).max(32)])
      .meta({ allowed: 'a text or a list of texts, such as dropgate' })
      .describe('`aud` of tokens that are meant for this gateway, letter by letter.'),
    jwks_url: z
      .url({ protocol: /^https?$/ })
      .refine((url) => !/[#@]/.test(url))
      .optional()
      .meta({
        allowed:
          'an https:// URL without user and fragment, such as https://login.example.com/jwks',
      })
      .describe(
        'Where its public keys are read. `http://` is taken on loopback, and where `allow_addresses` opens a network.',
      ),
    jwks_file: text
      .optional()
      .describe('Or the file that holds them, relative to the project root; it is followed.'),
    allow_addresses: z
      .array(
        z
          .string()
          .refine(isNetwork)
          .meta({ allowed: 'an address or a network, such as 10.1.0.0/16' }),
      )
      .max(64)
      .default([])
      .meta({ allowed: 'a list of addresses and networks, such as [10.1.0.0/16]' })
      .describe('Private addresses and networks that the host of `jwks_url` may lie at.'),
    algorithms: z
      .array(z.enum(signatureAlgorithms))
      .min(1)
      .default(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])
      .describe('Algorithms of signatures that are taken.'),
    clock_skew_seconds: z
      .int()
      .min(0)
      .max(300)
      .default(30)
      .describe('How much the clocks of issuer and gateway may differ, in seconds.'),
    keys_max_age_seconds: z
      .int()
      .min(60)
      .max(604_800)
      .default(86_400)
      .describe(
        'How long the keys that were read last go on serving while they cannot be read again, in seconds.',
      ),
    role: role
      .default('caller')
      .describe(
        'Role of its callers, of several the highest. A token that a claim gives none is refused; admin comes of a map alone.',
      ),
    namespaces: namespaces
      .optional()
      .describe(
        'Namespaces that its callers reach, those of all values of the claim together; absent is without limit.',
      ),
    agents: agents.optional().describe('The same of agents, by globs over model ids.'),
    limits,
  })
  .superRefine(({ jwks_url, jwks_file, allow_addresses, role: ofRole }, context) => {
    const problems = issuerProblems({
      url: jwks_url,
      file: jwks_file,
      allowAddresses: allow_addresses,
      ofAll: typeof ofRole === 'string' ? ofRole : ofRole.default,
    });
    for (const { path, message } of problems) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

/** The `auth` section of `gateway.yaml`. */
export const authSchema = z
  .strictObject({
    jwt: z
      .array(issuer)
      .max(32)
      .default([])
      .superRefine((issuers, context) => {
        for (const [index, each] of issuers.entries()) {
          const before = issuers.slice(0, index);
          const isKnown = before.some((other) => other.issuer === each.issuer);
          const isNamed = before.some((other) => nameOf(other) === nameOf(each));
          if (!isKnown && !isNamed) continue;
          const message = isKnown
            ? 'Another entry has this issuer. Make one of both.'
            : `Another entry has the name ${nameOf(each)}. Give this one a \`name\` of its own.`;
          context.addIssue({ code: 'custom', path: [index, isKnown ? 'issuer' : 'name'], message });
        }
      })
      .describe(
        'Issuers of JSON Web Tokens, such as an OpenID Connect provider, whose callers need no key.',
      ),
    users: usersSchema,
  })
  .prefault({})
  .describe('Who is known beside those with a key.');

type RawIssuer = z.infer<typeof issuer>;

/** The section as `gateway.yaml` spells it, defaults filled in. */
export type RawAuth = z.infer<typeof authSchema>;

/** Makes the section ready for use. */
export function toIssuers({ jwt }: RawAuth, projectRoot: string): readonly Issuer[] {
  return jwt.map((raw) => ({
    name: nameOf(raw),
    issuer: raw.issuer,
    audiences: [raw.audience].flat(),
    keys: keySourceOf(raw, projectRoot),
    algorithms: raw.algorithms,
    clockSkewSeconds: raw.clock_skew_seconds,
    keysMaxAgeSeconds: raw.keys_max_age_seconds,
    grants: {
      role: toGiven(raw.role),
      namespaces: raw.namespaces === undefined ? null : toGiven(raw.namespaces),
      agents: raw.agents === undefined ? null : toGiven(raw.agents),
      limits: limitsOf(raw.limits),
    },
  }));
}

/** The name that an entry has or that its issuer gives: its host, or what is left of another text. */
function nameOf({ name, issuer: iss }: Pick<RawIssuer, 'name' | 'issuer'>): string {
  if (name !== undefined) return name;
  const plain = (URL.parse(iss)?.hostname || iss).toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
  return plain.replace(/^[^a-z0-9]+/, '').slice(0, 32) || 'issuer';
}

function keySourceOf(raw: RawIssuer, projectRoot: string): KeySource {
  const { jwks_url: url, jwks_file: file = '', allow_addresses: allowAddresses } = raw;
  return url === undefined
    ? { type: 'file', file: resolve(projectRoot, file) }
    : { type: 'url', url, allowAddresses };
}

function limitsOf(raw: RawIssuer['limits']): Issuer['grants']['limits'] {
  const names = Object.keys(limitNames) as (keyof KeyLimits)[];
  const set = names.flatMap((name) => {
    const limit = raw[limitNames[name]];
    return limit === undefined ? [] : [[name, toGiven(limit)] as const];
  });
  return Object.fromEntries(set);
}

type RawGiven<Value> =
  | Value
  | { claim: string; map: Record<string, Value>; default?: Value | undefined };

function toGiven<Value extends string | number | readonly string[]>(
  raw: RawGiven<Value>,
): Given<Value> {
  if (typeof raw !== 'object' || !('claim' in raw)) return { type: 'fixed', value: raw };
  return { type: 'claim', claim: raw.claim, map: raw.map, otherwise: raw.default };
}
