import { expect, test } from 'vitest';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker } from '../support/python-worker.ts';

const missing = await missingPython();

const module = `
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from helper import triple


def double(number):
    return number * 2


def run():
    said = []
    for method in ("spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            said += [method, pool.submit(double, 4).result(), pool.submit(triple, 3).result()]
    return str(said)

`;

test.skipIf(missing !== null)(
  'a child process that is spawned imports the module by its name',
  async () => {
    const { worker, manifest } = await loadedWorker({
      'agent.py': module,
      'helper.py': 'def triple(number):\n    return number * 3\n',
    });
    expect(manifest.warnings).toEqual([]);
    expect(await worker.eventsOf('hi')).toMatchObject([
      { type: 'text', delta: "['spawn', 8, 9, 'forkserver', 8, 9]" },
      { type: 'finished' },
    ]);
  },
);
