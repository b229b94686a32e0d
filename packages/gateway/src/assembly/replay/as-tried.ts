import type { Catalog } from '../../registry/catalog.ts';
import type { Parts } from '../agent-processes.ts';

type RunDeps = {
  readonly find: Catalog['find'];
  readonly takeSlot: (keyId: string) => () => void;
};

/**
 * What runs begin with, as a gateway that agents are tried in has it: what is loaded where it reaches nothing outside runs
 * where it may, and runs are counted until nothing of them goes on.
 */
export function asTried({ purpose }: Pick<Parts, 'purpose'>, { find, takeSlot }: RunDeps) {
  let runs = 0;
  const count = () => runs;
  if (purpose !== 'test') return { find, takeSlot, count };
  const counted = (keyId: string) => {
    const giveBack = takeSlot(keyId);
    let isHeld = true;
    runs += 1;
    return () => {
      if (isHeld) runs -= 1;
      isHeld = false;
      giveBack();
    };
  };
  return { find: findOpen(find), takeSlot: counted, count };
}

function findOpen(find: Catalog['find']): Catalog['find'] {
  return async (modelId, maySee) => {
    const found = await find(modelId, maySee);
    if (!found?.served) return found;
    const { served } = found;
    return { ...found, served: { ...served, load: { ...served.load, replay: 'open' } } };
  };
}
