import { createSeeded, type Seeded } from './seeded.ts';

/** What is done to a gateway and to what it stands on. */
export const faultKinds = [
  'worker killed',
  'worker stopped',
  'upstream down',
  'upstream slow',
  'upstream garbage',
  'store locked',
  'store full',
  'disk full',
  'clock jump',
  'watcher storm',
  'gateway killed',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** One fault, before it happens. */
export type PlannedFault = {
  readonly kind: FaultKind;
  /** Calls that end between the beginning of its round and it. */
  readonly afterCalls: number;
  /** Calls that end while it lasts. */
  readonly forCalls: number;
  /** What is left to chance in it: which worker, which garbage, how far a clock jumps. */
  readonly chance: Seeded;
};

/** Faults that may overlap, after which all is let come to rest. */
export type Round = readonly PlannedFault[];

/**
 * Rounds without end, the same for the same seed: each kind comes as often as any other.
 *
 * @param most - The most calls before a fault, and while it lasts.
 */
export function* planRounds(
  seed: number,
  { kinds, most }: { readonly kinds: readonly FaultKind[]; readonly most: number },
): Generator<Round> {
  const seeded = createSeeded(seed);
  for (;;) {
    const left = seeded.shuffled(kinds);
    while (left.length > 0) {
      yield left.splice(0, 2).map((kind) => ({
        kind,
        afterCalls: seeded.between(1, Math.ceil(most / 4)),
        forCalls: seeded.between(Math.ceil(most / 8), most),
        chance: createSeeded(seeded.between(1, 2 ** 31)),
      }));
    }
  }
}
