import { GatewayError } from '../../errors.ts';
import type { EndUser } from '../../protocol/security/user-principal.ts';
import { userPrefix } from '../../protocol/security/user-principal.ts';
import { writtenInPrincipal } from '../tokens/token-principal.ts';

/** Letters that an id has at most, counted as people do: one for each sign of Unicode. */
const MAX_USER_LETTERS = 256;

/**
 * The person that a text names: composed (NFC) and without space around it, so that one name is one person. Case counts,
 * as it does in ids. Null for an empty text.
 *
 * @param field - Header or field that it came in, for the failure.
 * @throws GatewayError `invalid_value` for one that is too long, or has letters that cannot be seen.
 */
export function toEndUser(text: string, field: string): EndUser | null {
  // Twice as much as any id of so many letters has, before anything is done with it.
  if (text.length > 4 * MAX_USER_LETTERS) throw tooLong(field);
  const id = text.trim().normalize('NFC');
  if (id === '') return null;
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(id)) throw unseen(field);
  if (id.length > MAX_USER_LETTERS && [...id].length > MAX_USER_LETTERS) throw tooLong(field);
  return { id, principal: `${userPrefix}${writtenInPrincipal(id)}` };
}

function tooLong(field: string): GatewayError {
  return new GatewayError(
    'invalid_value',
    `Invalid value for '${field}': the id of a user has at most ${MAX_USER_LETTERS} letters.`,
    { param: field },
  );
}

function unseen(field: string): GatewayError {
  return new GatewayError(
    'invalid_value',
    `Invalid value for '${field}': the id of a user has no control characters and no letters that cannot be seen.`,
    { param: field },
  );
}
