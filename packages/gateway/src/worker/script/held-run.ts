import { type AgentShape, isAgent } from '../agent-shape.ts';
import { ownFrames, type Place } from '../explain/code-place.ts';
import { peekBindings } from '../facts/bindings.ts';
import type { ModuleFacts } from '../facts/module-facts.ts';
import type { RunCall } from '../facts/run-calls.ts';
import type { NoPick, PickedExport } from '../load/pick-export.ts';
import type { RefusedAtLoad } from './calls-at-load.ts';
import type { LoadPatience } from './stuck-import.ts';

/** The agent that a file builds and runs inside of a function while it is loaded: in its `main()`. */
export type HeldAgent = {
  /** Its name in there; `agent` where it has none. */
  readonly name: string;
  readonly value: AgentShape;
  /** Where it is run. */
  readonly run: Place;
};

/**
 * The one run of a file that is left waiting instead of being refused: what its function set up for the agent, such as
 * tool servers, lives as long as the function does not go on.
 */
export type HeldRun = {
  /** True for the run of an agent that can be no other than the one to serve. */
  readonly holds: (refused: RefusedAtLoad, asked: unknown) => boolean;
  /** Comes when such a run does. */
  readonly agent: Promise<HeldAgent>;
  /** The agent of that run is the one that is served. */
  readonly take: () => void;
  /** That run, where its agent is not. */
  readonly untaken: () => RefusedAtLoad | null;
  /** The import of the entry; null where it waits for that run. */
  readonly orKept: <T>(imported: Promise<T>) => Promise<T | null>;
  /** True where the file calls something of its own that may run an agent of its inside. */
  readonly mayCome: () => boolean;
};

/** @param facts - Of the entry, once its text is read. */
export function createHeldRun(entry: string, facts: () => ModuleFacts): HeldRun {
  const held = Promise.withResolvers<HeldAgent>();
  const kept = Promise.withResolvers<null>();
  let holding: RefusedAtLoad | null = null;
  let isTaken = false;
  return {
    agent: held.promise,
    take() {
      isTaken = true;
    },
    untaken: () => (isTaken ? null : holding),
    orKept: (imported) => Promise.race([imported, kept.promise]),
    mayCome() {
      const { permitsCalls, startsRuns } = facts().script;
      return startsRuns && !permitsCalls && soleRun(facts()) !== null;
    },
    holds(refused, asked) {
      const sole = soleRun(facts());
      const frames = ownFrames(refused).filter(({ file }) => file === entry);
      const [frame] = frames;
      if (holding || !sole || !frame || !isAgent(asked) || isOfTopLevel(asked)) return false;
      const { script } = facts();
      const top = frames.find((each) => !script.isInFunction(each));
      // What comes behind it would never be made.
      if (!script.isInFunction(frame) || (top && !script.isPastAgent(top.line))) return false;
      holding = refused;
      held.resolve({ name: sole.name ?? 'agent', value: asked, run: frame });
      if (top && script.isAwait(top.line)) kept.resolve(null);
      return true;
    },
  };
}

/** What was found, or where that is nothing the agent that the file builds and runs inside of its `main()`. */
export async function orHeld(
  found: PickedExport | NoPick,
  held: HeldRun,
  patience: LoadPatience,
): Promise<PickedExport | NoPick> {
  if (found.kind !== 'none' || !held.mayCome()) return found;
  const agent = await patience.untilIdle(held.agent);
  if (!agent) return found;
  held.take();
  const reason = { because: 'run_inside', line: agent.run.line } as const;
  return { kind: 'agent', exportName: agent.name, value: agent.value, reason };
}

/** The only thing that the file runs, where it is built in one place alone, and nothing of the top level; else null. */
function soleRun({ runs, inner, returned, declared }: ModuleFacts): RunCall | null {
  const [first] = runs;
  const isSole = runs.every(({ name, isTopLevel }) => name === first?.name && !isTopLevel);
  if (!first || !isSole) return null;
  if (first.name === null) return runs.length === 1 ? first : null;
  const built = inner.filter(({ name }) => name === first.name).length;
  // One that has another name where it is built is told by its being the only one.
  const others = inner.length + returned.filter((each) => !each.isNamed).length;
  const isKnown = built === 1 || (built === 0 && others === 1);
  return isKnown && !declared.includes(first.name) ? first : null;
}

function isOfTopLevel(agent: AgentShape): boolean {
  const { values = {}, exports = {} } = peekBindings() ?? {};
  return Object.values({ ...values, ...exports }).some((value) => value === agent);
}
