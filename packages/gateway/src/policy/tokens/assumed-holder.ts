import type { KeyHolder, KeyPrincipal } from '../../protocol/policy.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import type { Issuer } from './issuer-settings.ts';
import type { Tokens } from './tokens.ts';

/**
 * A principal of callers with a token, by its issuer's settings alone. Null where there is no such issuer, and where the
 * claims of each token decide what its caller may do.
 */
export function assumedHolder(principal: string, issuers: readonly Issuer[]): KeyPrincipal | null {
  if (!isOfTokens(principal)) return null;
  const [, name, subject] = principal.split(':', 3);
  const issuer = issuers.find((each) => each.name === name);
  if (!issuer || !subject) return null;
  const { role, namespaces, agents } = issuer.grants;
  if (role.type !== 'fixed') return null;
  if (namespaces?.type === 'claim' || agents?.type === 'claim') return null;
  return {
    type: 'key',
    id: principal,
    name: principal,
    role: role.value,
    namespaces: namespaces?.value ?? null,
    agents: agents?.value ?? null,
  };
}

/**
 * For whom a run of a caller with a token goes on when nobody sends one: as its token says while that is good, else as its
 * issuer's settings say of all its callers. Null where that takes the claims of a token that is good no more, and where
 * there is no such issuer any more.
 */
export function returningHolder(
  principal: string,
  {
    find,
    issuers,
    nowSeconds,
  }: Pick<Tokens, 'find'> & { readonly issuers: readonly Issuer[]; readonly nowSeconds: number },
): KeyHolder | null {
  const seen = find(principal)?.holder;
  const isThere = issuers.some(({ name }) => name === seen?.token?.issuer);
  if (isThere && seen?.token && nowSeconds < seen.token.expiresAtSeconds) return seen;
  const assumed = assumedHolder(principal, issuers);
  if (!assumed) return null;
  const { id: keyId, name: keyName, role, namespaces, agents } = assumed;
  return { keyId, keyName, role, namespaces, agents };
}
