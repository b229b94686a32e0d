import type { Store } from '../protocol/store.ts';

/** One use of the store, by part and method. */
export type StoreUse = {
  readonly operation: string;
  readonly durationMs: number;
  readonly isFailure: boolean;
};

/** The same store, which tells of each use of its parts. */
export function measureStore(store: Store, onUse: (use: StoreUse) => void): Store {
  const measured = <Part extends object>(name: string, part: Part): Part => {
    const methods = Object.entries(part).map(([method, call]) => [
      method,
      timed(`${name}.${method}`, call, onUse),
    ]);
    return Object.fromEntries(methods) as Part;
  };
  const { conversations, ...turns } = store.turns;
  return {
    ...store,
    keys: measured('keys', store.keys),
    overrides: measured('overrides', store.overrides),
    decisions: measured('decisions', store.decisions),
    spending: measured('spending', store.spending),
    rates: measured('rates', store.rates),
    generations: measured('generations', store.generations),
    diagnostics: measured('diagnostics', store.diagnostics),
    journal: measured('journal', store.journal),
    usage: measured('usage', store.usage),
    approvals: measured('approvals', store.approvals),
    idempotency: measured('idempotency', store.idempotency),
    sessions: measured('sessions', store.sessions),
    turns: {
      ...measured('turns', turns),
      conversations: measured('conversations', conversations),
    },
  };
}

function timed<Given extends readonly unknown[], Result>(
  operation: string,
  call: (...given: Given) => Promise<Result>,
  onUse: (use: StoreUse) => void,
): (...given: Given) => Promise<Result> {
  return async (...given) => {
    const startedMs = performance.now();
    let isFailure = true;
    try {
      const result = await call(...given);
      isFailure = false;
      return result;
    } finally {
      onUse({ operation, durationMs: performance.now() - startedMs, isFailure });
    }
  };
}
