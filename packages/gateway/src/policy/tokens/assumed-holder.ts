import type { KeyPrincipal } from '../../protocol/policy.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import type { Issuer } from './issuer-settings.ts';

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
