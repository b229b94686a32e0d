/** Those who wait, by whose they are. */
export type FairLine<Waiter> = {
  readonly size: () => number;
  readonly add: (owner: string, waiter: Waiter) => void;
  /** Also of one that is not there any more. */
  readonly delete: (owner: string, waiter: Waiter) => void;
  /** Whose turn it is: of the owners in turn, the first of each. It stays in the line until it is deleted. */
  readonly next: () => Waiter | undefined;
  /** The last one of the owner that has most, where that is more than this owner would have with one more. */
  readonly lastOfMost: (owner: string) => Waiter | undefined;
};

/** Makes a line in which no owner delays another by how many it has. */
export function createFairLine<Waiter>(): FairLine<Waiter> {
  /** The first is the next in turn. */
  const owners = new Map<string, Set<Waiter>>();
  let size = 0;
  return {
    size: () => size,
    add(owner, waiter) {
      const own = owners.get(owner) ?? new Set();
      owners.set(owner, own.add(waiter));
      size += 1;
    },
    delete(owner, waiter) {
      const own = owners.get(owner);
      if (!own?.delete(waiter)) return;
      size -= 1;
      if (own.size === 0) owners.delete(owner);
    },
    next() {
      const [turn] = owners;
      if (!turn) return undefined;
      const [owner, own] = turn;
      owners.delete(owner);
      owners.set(owner, own);
      const [first] = own;
      return first;
    },
    lastOfMost(owner) {
      const [most] = [...owners.values()].toSorted((a, b) => b.size - a.size);
      const withOneMore = (owners.get(owner)?.size ?? 0) + 1;
      return most && most.size > withOneMore ? [...most].at(-1) : undefined;
    },
  };
}
