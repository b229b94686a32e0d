import { GatewayError } from '../../errors.ts';
import type { KeyPrincipal, KeyRecord, Principal, Role } from '../../protocol/policy.ts';
import type { PreviewRequest } from '../../protocol/security/preview.ts';

/**
 * Whom a preview is about. Tools are called by an agent for the key that runs it: `*` where none is named.
 *
 * @param known.agentId - The agent that the request names beside the principal.
 * @throws GatewayError `invalid_value` where there is nobody like that.
 */
export function askedPrincipal(
  { keyId, principal = '', action }: PreviewRequest,
  known: { readonly keys: readonly KeyRecord[]; readonly agentId: string | null },
): Principal {
  const written = keyId ?? principal;
  if (written.startsWith('agent:')) return { type: 'agent', id: written.slice(6).toLowerCase() };
  const key = askedKey(written, known.keys);
  if (!key) {
    throw new GatewayError(
      'invalid_value',
      'No key that can be used has this id or name. Name one, role:<role> or agent:<model id>.',
      { param: keyId === undefined ? 'principal' : 'key_id' },
    );
  }
  if (action !== 'call_tool') return key;
  return { type: 'agent', id: known.agentId ?? '*', key };
}

/** A key as rules see it. */
export function principalOfKey({ id, name, role, namespaces, agents }: KeyRecord): KeyPrincipal {
  return { type: 'key', id, name, role, namespaces, agents };
}

function askedKey(written: string, keys: readonly KeyRecord[]): KeyPrincipal | null {
  const role = /^role:(caller|operator|admin|metrics)$/.exec(written)?.[1] as Role | undefined;
  if (role) {
    return { type: 'key', id: written, name: written, role, namespaces: null, agents: null };
  }
  // Of keys that share a name, as a key and its successor do, the newest counts.
  const key =
    keys.find(({ id }) => id === written) ?? keys.findLast(({ name }) => name === written);
  return key ? principalOfKey(key) : null;
}
