import type { Store } from './store.ts';

/** Stands in where nothing of a run of the gateway may outlive it, such as `dropgate check`. */
export const keepsNothing: Pick<Store, 'generations' | 'diagnostics'> & {
  readonly decisions: Pick<Store['decisions'], 'append' | 'prune'>;
  readonly keys: Pick<Store['keys'], 'touch'>;
} = {
  generations: { list: async () => [], put: async () => {}, remove: async () => {} },
  diagnostics: { list: async () => [], change: async () => {} },
  decisions: { append: async () => {}, prune: async () => 0 },
  keys: { touch: async () => {} },
};
