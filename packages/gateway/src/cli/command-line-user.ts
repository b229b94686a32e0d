import { userInfo } from 'node:os';
import type { KeyPrincipal } from '../protocol/policy.ts';

/** Who works here, as what is made by it says: `cli:<os user>`, an admin without limits. */
export function commandLineUser(): { readonly id: string; readonly principal: KeyPrincipal } {
  const id = `cli:${osUser()}`;
  return {
    id,
    principal: { type: 'key', id, name: id, role: 'admin', namespaces: null, agents: null },
  };
}

/** Name of the user who runs this process; its number where the machine has no name for it. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that nobody gave a name.
    return String(process.getuid?.() ?? 'unknown');
  }
}
