/**
 * Measures reloads: how fast a save is live, what a storm of reloads loses, starts with many agents, and what broken
 * agents do to others. Prints Markdown. Linux only (reads /proc). `node bench/reload.ts [saves] [asked] [storm] [new] [unchanged] [broken]`.
 */
import { measureBroken } from './reload/broken-agents.ts';
import { measureNew, measureUnchanged } from './reload/many-agents.ts';
import { measureStorm } from './reload/reload-storm.ts';
import { measureSaves } from './reload/save-latency.ts';
import { measureSavesUnderLoad } from './reload/save-under-load.ts';
import { runParts } from './run-parts.ts';

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

await runParts({
  saves: () => measureSaves(number('EDITS', 100)),
  asked: () => measureSavesUnderLoad(number('EDITS', 50), number('CLIENTS', 4)),
  storm: () => measureStorm(number('RELOADS', 1000), number('PER_SECOND', 200)),
  new: () => measureNew(number('NEW_AGENTS', 100)),
  unchanged: () => measureUnchanged(number('AGENTS', 1000)),
  broken: measureBroken,
});
