import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FaultBench } from './fault-bench.ts';
import { agentFiles } from './project-files.ts';

const dataFiles = 60;
const otherFiles = 60;

/**
 * Writes all files of the agents again and again, as a checkout of another branch does: what is there is removed, then written.
 * Folders that are no agents come and go meanwhile. A disk that is full keeps it from writing.
 *
 * @returns How many files were written or removed.
 */
export async function stormFiles(bench: FaultBench, checkouts: number): Promise<number> {
  let events = 0;
  const root = join(bench.ground.view, 'src/agents');
  const count = (work: Promise<unknown>) => {
    events += 1;
    return work.catch(orFull);
  };
  for (let checkout = 0; checkout < checkouts; checkout++) {
    const junk = join(root, `Junk${checkout}`);
    await mkdir(junk, { recursive: true }).catch(orFull);
    for (let at = 0; at < otherFiles; at++)
      await count(writeFile(join(junk, `notes-${at}.md`), `Notes ${checkout}.\n`));
    for (const { name } of bench.agents) {
      const data = join(root, name, 'data');
      await mkdir(data, { recursive: true }).catch(orFull);
      for (let at = 0; at < dataFiles; at++)
        await count(writeFile(join(data, `${at}.txt`), `Data ${checkout}.\n`));
    }
    bench.versions.newest += 1;
    for (const [path, text] of Object.entries(agentFiles(bench.versions.newest, bench.agents))) {
      await count(rm(join(bench.ground.view, path), { force: true }));
      await count(writeFile(join(bench.ground.view, path), text));
    }
    await count(rm(junk, { recursive: true, force: true }));
    events += otherFiles;
  }
  return events;
}

/** Writes the newest version of every agent that has another one now: one that the disk did not take. */
export async function writeNewest({ ground, versions, agents }: FaultBench): Promise<void> {
  for (const [path, text] of Object.entries(agentFiles(versions.newest, agents))) {
    const file = join(ground.view, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

function orFull(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOSPC' && error.code !== 'ENOENT') throw error;
}
