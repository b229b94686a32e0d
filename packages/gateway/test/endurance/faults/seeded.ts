/** Numbers that look random and are the same for the same seed (mulberry32). */
export type Seeded = {
  /** A whole number from `from` to `to`, both included. */
  readonly between: (from: number, to: number) => number;
  readonly pick: <T>(all: readonly T[]) => T;
  readonly shuffled: <T>(all: readonly T[]) => T[];
};

export function createSeeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    between,
    pick: (all) => all[between(0, all.length - 1)] as (typeof all)[number],
    shuffled(all) {
      const rest = [...all];
      return all.map(() => rest.splice(between(0, rest.length - 1), 1)[0] as (typeof all)[number]);
    },
  };
}
