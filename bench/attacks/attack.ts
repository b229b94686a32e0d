import type { Victim } from './victim.ts';

export type Language = 'node' | 'python';

/** How an attempt ended: `held` where the promise stood, `broke` where it did not, `untried` where this machine cannot. */
export type Verdict = {
  readonly outcome: 'held' | 'broke' | 'untried';
  /** What was seen, in a few words: `booked 412 tokens`, `python is missing`. */
  readonly detail: string;
  /** How many ways were tried; one where it does not say. */
  readonly attempts?: number;
  /** How many of them were open; all where it broke and does not say. */
  readonly open?: number;
};

/** One way to break a promise of `docs/systems/security.md`, tried against a gateway that runs. */
export type Attack = {
  /** A sentence that names what the attacker does: "a response_format that holds a usage object is booked". */
  readonly title: string;
  /** Languages of the module that attacks; one, `node`, where only a caller acts. */
  readonly languages: readonly Language[];
  /** Starts what it needs with `victim`, which ends it afterwards. */
  readonly attempt: (language: Language, victim: Victim) => Promise<Verdict>;
};

/** The attacks of one class, which is a row of the table. */
export type AttackGroup = { readonly heading: string; readonly attacks: readonly Attack[] };

/** `held` where it is so, else `broke`. */
export function verdict(isHeld: boolean, detail: string): Verdict {
  return { outcome: isHeld ? 'held' : 'broke', detail };
}

/** `held` where none of so many ways is open; else `broke`, with the open ones. */
export function told(open: readonly string[], attempts: number): Verdict {
  const detail = open.join(', ') || `${attempts} attempts refused`;
  return { ...verdict(open.length === 0, detail), attempts, open: open.length };
}
