import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '../acceptance/until.ts';

const preloaded = pathToFileURL(resolve(import.meta.dirname, '../fixtures/held-memory.mjs'));

export type HeldMemory = {
  /** Objects and buffers, without the room that V8 keeps for more. */
  readonly heldBytes: number;
  readonly rssBytes: number;
};

/** Asks processes of Node what they hold after a garbage collection: what merely was not collected yet is no growth. */
export type MemoryReader = {
  /** `NODE_OPTIONS` of the processes that are asked. */
  readonly nodeOptions: string;
  readonly read: (pid: number) => Promise<HeldMemory>;
  readonly remove: () => Promise<void>;
};

export async function createMemoryReader(): Promise<MemoryReader> {
  const folder = await mkdtemp(join(tmpdir(), 'dropgate-held-'));
  const url = new URL(preloaded);
  url.searchParams.set('folder', folder);
  return {
    nodeOptions: `--import=${url.href}`,
    async read(pid) {
      const file = join(folder, `${pid}.json`);
      await rm(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      const text = await until(`the memory of ${pid}`, () =>
        readFile(file, 'utf8').catch(() => null),
      );
      return JSON.parse(text) as HeldMemory;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Least squares: how much values grow from one to the next. */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const above = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  const below = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  return below === 0 ? 0 : above / below;
}
