import { z } from 'zod';
import { type KeyHolder, type KeyLimits, limitNames, roles } from '../policy.ts';

const limit = z.int().nullable();
const dollars = z.number().nullable().describe('US dollars.');

/** Limits as they are shown; null is without one. */
export const limitsAnswer = z.strictObject({
  requests_per_minute: limit,
  concurrent_runs: limit,
  tokens_per_day: limit,
  tokens_per_month: limit,
  usd_per_day: dollars,
  usd_per_month: dollars,
});

/** `GET /security/whoami`: who asks, and what holds for it. */
export const whoamiAnswer = z.strictObject({
  id: z.string().describe('Of a token its principal, `oidc:<issuer>:<subject>`.'),
  name: z.string(),
  role: z.enum(roles),
  namespaces: z.array(z.string()).nullable().describe('Null reaches all.'),
  agents: z.array(z.string()).nullable().describe('Null reaches all.'),
  limits: limitsAnswer.describe('What holds, those of `security.limits` included.'),
  issuer: z.string().nullable().describe('Who made the token, by its name in the settings.'),
  expires_at: z.string().nullable().describe('ISO 8601, UTC; null never ends.'),
});

export type WhoamiAnswer = z.output<typeof whoamiAnswer>;

/** Who asks, what holds for it at most, and when its key or token ends. */
export type Whoami = {
  readonly holder: KeyHolder;
  readonly limits: KeyLimits;
  /** Unix seconds; null never ends. */
  readonly expiresAtSeconds: number | null;
};

/** The same as it is shown. */
export function whoamiToJson({ holder, limits, expiresAtSeconds }: Whoami): WhoamiAnswer {
  const { keyId: id, keyName: name, role, namespaces, agents, token } = holder;
  return {
    id,
    name,
    role,
    namespaces: namespaces && [...namespaces],
    agents: agents && [...agents],
    limits: limitsToJson(limits),
    issuer: token?.issuer ?? null,
    expires_at: expiresAtSeconds === null ? null : new Date(expiresAtSeconds * 1000).toISOString(),
  };
}

/** Limits by the names that JSON has for them. */
export function limitsToJson(limits: KeyLimits): WhoamiAnswer['limits'] {
  const named = Object.entries(limitNames).map(([name, json]) => [
    json,
    limits[name as keyof KeyLimits],
  ]);
  return Object.fromEntries(named) as WhoamiAnswer['limits'];
}
