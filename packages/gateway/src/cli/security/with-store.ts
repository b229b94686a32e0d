import { relative } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Store } from '../../protocol/store.ts';
import { openStore } from '../../storage/open-store.ts';
import type { CommandContext } from '../command.ts';

/** The store of a project, open. */
export type OpenedStore = {
  readonly store: Store;
  readonly config: Config;
  /** How people call it; holds no secret. */
  readonly place: string;
};

/**
 * Opens the store itself, so that a command works while no gateway runs, and closes it when the work ends. Whoever
 * may open it may do everything: the file's permissions, or the database's, are the authority.
 */
export async function withStore<Result>(
  context: CommandContext,
  work: (opened: OpenedStore) => Promise<Result>,
): Promise<Result> {
  const config = await context.loadConfig('keys');
  const store = await openStore(config.storeUrl);
  try {
    const file = /^sqlite:(.+)$/.exec(config.storeUrl)?.[1];
    const place = file ? relative(context.projectRoot, file) : 'the database of store_url';
    return await work({ store, config, place });
  } finally {
    await store.close();
  }
}

/** Unix seconds. */
export function nowSeconds(): number {
  return Date.now() / 1000;
}
