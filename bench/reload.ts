/**
 * Measures reloads: how fast a save is live, what a storm of reloads loses, starts with many agents, and what broken
 * agents do to others. Prints Markdown. Linux only (reads /proc). `node bench/reload.ts [saves] [storm] [new] [unchanged] [broken]`.
 */
import { measureBroken } from './reload/broken-agents.ts';
import { measureNew, measureUnchanged } from './reload/many-agents.ts';
import { measureStorm } from './reload/reload-storm.ts';
import { measureSaves } from './reload/save-latency.ts';

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

const parts: Readonly<Record<string, () => Promise<string>>> = {
  saves: () => measureSaves(number('EDITS', 100)),
  storm: () => measureStorm(number('RELOADS', 1000), number('PER_SECOND', 200)),
  new: () => measureNew(number('NEW_AGENTS', 100)),
  unchanged: () => measureUnchanged(number('AGENTS', 1000)),
  broken: measureBroken,
};

const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(parts)) {
  const measure = parts[name];
  if (!measure)
    throw new Error(`There is no part ${name}; there are ${Object.keys(parts).join(', ')}.`);
  process.stdout.write(`${await measure()}\n\n`);
}
