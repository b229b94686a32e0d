import { expect, test } from 'vitest';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { CatalogEntry } from './catalog.ts';
import { createLoadsUnderWay } from './loads-under-way.ts';

const module: FoundModule = {
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  folder: '/project/src/agents/A',
  entry: '/project/src/agents/A/agent.ts',
  name: 'A',
  language: 'node',
};

const finding = (code: string): Finding => ({
  stage: 'load',
  code,
  severity: 'error',
  message: 'No.',
  file: module.entry,
  hint: '',
});

const entry = (status: CatalogEntry['status'], findings: readonly Finding[]): CatalogEntry => ({
  module,
  served: null,
  status,
  findings,
  prints: [],
});

/** Loads that end as they are told to, the last one again and again. */
function loadsEnding(...ends: readonly CatalogEntry[]) {
  const swapped: number[] = [];
  const loads = createLoadsUnderWay({
    async swap() {
      swapped.push(performance.now());
      return ends[Math.min(swapped.length, ends.length) - 1] ?? null;
    },
    onLoopEnd: () => undefined,
  });
  return { loads, swapped };
}

const brokeOff = entry('failed', [finding('load_broke_off')]);

test('a load that the gateway itself broke off is tried again until one is through', async () => {
  const { loads, swapped } = loadsEnding(brokeOff, brokeOff, entry('ready', []));
  expect(await loads.begin(module, { cause: 'asked' })).toBe(brokeOff);
  await expect.poll(() => swapped.length).toBe(3);
  const [first = 0, second = 0, third = 0] = swapped;
  expect(third - second).toBeGreaterThan(second - first);
  expect(loads.has(module.agentId)).toBe(false);
});

test('it is not where the module is gone, and one that its author broke is not at all', async () => {
  const { loads, swapped } = loadsEnding(brokeOff);
  await loads.begin(module, { cause: 'asked' });
  loads.abort(module.agentId);
  const broken = loadsEnding(entry('failed', [finding('module_threw')]));
  await broken.loads.begin(module, { cause: 'asked' });
  const later = loadsEnding(brokeOff, entry('ready', []));
  await later.loads.begin(module, { cause: 'asked' });
  await expect.poll(() => later.swapped.length).toBe(2);
  expect([swapped.length, broken.swapped.length]).toEqual([1, 1]);
});
