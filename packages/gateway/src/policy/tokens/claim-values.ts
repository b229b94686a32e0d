/** Values of one claim that are looked at. */
const MAX_VALUES = 1000;

/** Claims that hold several words in one text: those of OAuth. */
const wordy: readonly string[] = ['scope', 'scp'];

/**
 * What a claim says, as texts: of a list each of its entries. A name with dots leads into objects where no claim has
 * the whole of it: `realm_access.roles`. Nothing for a claim that is not there, or is an object.
 */
export function claimValues(claims: unknown, name: string): readonly string[] {
  const value = ownValue(claims, name) ?? valueAlong(claims, name.split('.'));
  if (typeof value === 'string' && wordy.includes(name)) return value.split(' ', MAX_VALUES);
  return [value].flat().slice(0, MAX_VALUES).flatMap(asText);
}

function valueAlong(claims: unknown, path: readonly string[]): unknown {
  return path.reduce((part, name) => ownValue(part, name), claims);
}

function ownValue(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name))
    return undefined;
  return Reflect.get(holder, name);
}

function asText(value: unknown): string[] {
  switch (typeof value) {
    case 'string':
      return [value];
    case 'number':
    case 'boolean':
      return [String(value)];
    default:
      return [];
  }
}
