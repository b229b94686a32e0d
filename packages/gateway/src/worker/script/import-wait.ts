import type { Place } from '../explain/code-place.ts';
import { peekBindings } from '../facts/bindings.ts';
import type { ModuleFacts } from '../facts/module-facts.ts';

/** What the import of an entry waits for. */
export type ImportWait = {
  /** True where the import waits for something that the agent does not need; it is taken to be left then. */
  readonly mayLeave: () => boolean;
  /** Takes the names that held a value when the import ended. */
  readonly stopped: (values: Readonly<Record<string, unknown>>) => void;
  /** The line of the top level where it waited, as far as that is known. */
  readonly place: () => Place | null;
  /** Where it was left waiting; null where it was not. */
  readonly leftAt: () => Place | null;
};

/** @param facts - Of the entry, once its text is read. */
export function createImportWait(facts: () => ModuleFacts): ImportWait {
  let waitedAt: Place | null = null;
  let leftAt: Place | null = null;
  const stopped = (values: Readonly<Record<string, unknown>>): void => {
    waitedAt = facts().script.waitedAt((name) => name in values);
  };
  return {
    stopped,
    place: () => waitedAt,
    leftAt: () => leftAt,
    mayLeave() {
      const handed = peekBindings();
      if (!handed) return false;
      stopped(handed.values);
      leftAt = waitedAt && facts().script.isPastAgent(waitedAt.line) ? waitedAt : null;
      return leftAt !== null;
    },
  };
}

/** What a file waits for that no worker has. */
export function waitHint(text: string): string {
  return input.test(text)
    ? 'Nobody types anything there: a request brings what the user says. '
    : '';
}

const input =
  /\bcreateInterface\b|\bprocess\.stdin\b|\b(inquirer|enquirer|prompts|prompt-sync|@clack\/prompts)\b/;
