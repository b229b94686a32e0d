import type { Caller } from '../policy.ts';

/** Whose something is that is kept: a key, and the user whom it forwarded; null where it forwarded none. */
export type Owner = { readonly keyId: string; readonly user: string | null };

/** The owner of what a caller leaves here. */
export function ownerOf({ keyId, user }: Pick<Caller, 'keyId' | 'user'>): Owner {
  return { keyId, user: user?.id ?? null };
}

/** Whether something is an owner's. To another user of the same key it is as if it was not there. */
export function isOf(owner: Owner, kept: Owner): boolean {
  return kept.keyId === owner.keyId && kept.user === owner.user;
}
