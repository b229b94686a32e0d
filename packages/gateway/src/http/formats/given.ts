type Given<T> = { -readonly [K in keyof T]?: NonNullable<T[K]> };

/** The fields that hold something: RunInput knows no null. */
export function given<T extends object>(fields: T): Given<T> {
  const kept = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(kept) as Given<T>;
}
