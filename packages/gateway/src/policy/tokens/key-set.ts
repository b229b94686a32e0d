import type { JWK } from 'jose';

/** A key set that was read. */
export type KeySet = {
  readonly keys: readonly JWK[];
  /** The same for sets that hold the same keys. */
  readonly text: string;
};

/** Most bytes of a key set. */
export const MAX_KEY_SET_BYTES = 256 * 1024;

/** An issuer has a few; more than these are none of one. */
const MAX_KEYS = 100;

/** Kinds of keys of which one half is public. */
const publicKinds: readonly unknown[] = ['RSA', 'EC', 'OKP'];

/** Parts of a key that nobody but its issuer may know. */
const privateParts = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/**
 * The public keys for signatures that a JSON Web Key Set holds; others in it are left alone.
 *
 * @throws Error, which says what is wrong, for a text that is no such set, holds too many keys, or none of use.
 */
export function readKeys(text: string): KeySet {
  const set = parsed(text);
  const found = typeof set === 'object' && set !== null ? Reflect.get(set, 'keys') : undefined;
  if (!Array.isArray(found)) throw new Error('It is no JSON Web Key Set: it has no list `keys`.');
  if (found.length > MAX_KEYS) {
    throw new Error(`It holds ${found.length} keys, of which ${MAX_KEYS} at most are taken.`);
  }
  const keys = found.filter(isForSignatures);
  if (keys.length > 0) return { keys, text: JSON.stringify(keys) };
  throw new Error('It holds no public key for signatures (RSA, EC or OKP).');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const isPage = /^\s*</.test(text);
    throw new Error(isPage ? 'It is a page of HTML, and no key set.' : 'It is no JSON.');
  }
}

function isForSignatures(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, use, kid } = key as JWK;
  const isNamed = kid === undefined || (typeof kid === 'string' && kid.length <= 512);
  const isPublic =
    publicKinds.includes(kty) && !privateParts.some((part) => Object.hasOwn(key, part));
  return isPublic && isNamed && (use === undefined || use === 'sig');
}
