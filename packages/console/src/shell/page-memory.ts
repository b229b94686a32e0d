import { createContext, useContext } from 'react';

/** Something that pages keep; what goes on in it ends with `stop`. */
type Kept = { readonly stop: () => void };

/** What pages keep while others are shown, such as a draft. It is nowhere but in the memory of this window. */
export type PageMemory = {
  /**
   * What is kept under a name; made where nothing is. What was kept for another owner, such as another key, is stopped and
   * forgotten.
   */
  readonly keep: <Value extends Kept>(name: string, owner: string, make: () => Value) => Value;
  /** Stops and forgets all. */
  readonly forget: () => void;
};

/** Makes it. */
export function createPageMemory(): PageMemory {
  const kept = new Map<string, { readonly owner: string; readonly value: Kept }>();
  return {
    keep<Value extends Kept>(name: string, owner: string, make: () => Value): Value {
      const found = kept.get(name);
      if (found?.owner === owner) return found.value as Value;
      found?.value.stop();
      const value = make();
      kept.set(name, { owner, value });
      return value;
    },
    forget() {
      for (const { value } of kept.values()) value.stop();
      kept.clear();
    },
  };
}

/** Where the parts of the page find it. */
export const PageMemoryContext = createContext<PageMemory | null>(null);

/** What pages keep. @throws Error outside of the page's root. */
export function usePageMemory(): PageMemory {
  const memory = useContext(PageMemoryContext);
  if (!memory) throw new Error('There is no memory around this part.');
  return memory;
}
