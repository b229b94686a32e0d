import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../peers/folders.ts';

/**
 * A Python that has the SDK: of `BENCH_PYTHON`, else of the environment that agents share, else of the peers.
 *
 * @returns Its absolute path, `null` where there is none.
 */
export function pythonWithSdk(): string | null {
  const { BENCH_PYTHON } = process.env;
  if (BENCH_PYTHON) return resolve(BENCH_PYTHON);
  const shared = resolve(import.meta.dirname, '../../.dropgate/python/.venv/bin/python');
  const ofPeers = join(cacheFolder('bare-python'), '.venv/bin/python');
  return [shared, ofPeers].find((path) => existsSync(path)) ?? null;
}

/** As above, for what cannot do without. */
export function neededPython(): string {
  const python = pythonWithSdk();
  if (python) return python;
  throw new Error(
    'There is no Python with the SDK; make one with scripts/install-agent-deps --shared, or name it in BENCH_PYTHON.',
  );
}
