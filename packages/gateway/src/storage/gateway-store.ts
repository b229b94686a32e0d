import { join } from 'node:path';
import { openStore } from './sql-store.ts';
import type { Store } from './store.ts';

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
