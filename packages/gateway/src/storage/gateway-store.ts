import { join } from 'node:path';
import type { Store } from '../protocol/store.ts';
import { openStore } from './open-store.ts';

/**
 * Opens the store of a gateway. Where it is shared with others, what is of this machine alone (the generations, whose
 * bytes are files here, and the diagnostics) lies in a file of its own.
 *
 * @param stateFolder - Where that file is made, `gateway.db`.
 * @throws StoreError where it cannot be used.
 */
export async function openGatewayStore(url: string, stateFolder: string): Promise<Store> {
  const store = await openStore(url);
  if (!store.isShared) return store;
  const local = await openStore(`sqlite:${join(stateFolder, 'gateway.db')}`).catch(
    async (error: unknown) => {
      await store.close();
      throw error;
    },
  );
  return {
    ...store,
    generations: local.generations,
    diagnostics: local.diagnostics,
    async close() {
      await Promise.all([store.close(), local.close()]);
    },
  };
}

/** Stands in where nothing of a run of the gateway may outlive it, such as `dropgate check`. */
export const nullStore: Pick<Store, 'generations' | 'diagnostics'> & {
  readonly decisions: Pick<Store['decisions'], 'append' | 'prune'>;
  readonly keys: Pick<Store['keys'], 'touch'>;
  readonly journal: Store['journal'];
  readonly usage: Store['usage'];
} = {
  generations: { list: async () => [], put: async () => {}, remove: async () => {} },
  diagnostics: { list: async () => [], change: async () => {} },
  decisions: { append: async () => {}, prune: async () => 0 },
  keys: { touch: async () => {} },
  journal: {
    write: async () => {},
    list: async () => [],
    find: async () => null,
    chunks: async () => [],
    lose: async () => {},
    beat: async () => {},
    leave: async () => {},
    loseOfSilent: async () => {},
    prune: async () => 0,
  },
  usage: {
    add: async () => {},
    days: async () => [],
    sumDay: async () => [],
    unpriced: async () => [],
    usedModels: async () => [],
    prune: async () => 0,
  },
};
