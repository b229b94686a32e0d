import type { Owner } from '../../protocol/state/owner.ts';

/** Deletions of what is kept: what was begun before one is not kept any more. */
export type Erasures = {
  readonly add: (isOf: (owner: Owner) => boolean) => void;
  /** Of something that begins now: whether what is kept of its owner was deleted meanwhile. */
  readonly watch: (owner: Owner) => () => boolean;
};

/** Runs end within a day; what is older is about nothing that goes on. */
const MAX_REMEMBERED = 1000;

export function createErasures(): Erasures {
  const erased: { readonly number: number; readonly isOf: (owner: Owner) => boolean }[] = [];
  let count = 0;
  return {
    add(isOf) {
      count += 1;
      erased.push({ number: count, isOf });
      if (erased.length > MAX_REMEMBERED) erased.shift();
    },
    watch(owner) {
      const begun = count;
      return () =>
        count > begun && erased.some(({ number, isOf }) => number > begun && isOf(owner));
    },
  };
}
