/** The address of a state of the list of keys. */
export type KeysSearch = {
  readonly q?: string;
  readonly role?: string;
  readonly state?: string;
};

/** The search parameters of an address, as far as the page knows them. */
export function parseKeysSearch(raw: Record<string, unknown>): KeysSearch {
  const given = (['q', 'role', 'state'] as const).flatMap((name) => {
    const value = raw[name];
    const isText = ['string', 'number', 'boolean'].includes(typeof value) && value !== '';
    return isText ? [[name, String(value)] as const] : [];
  });
  return Object.fromEntries(given);
}
