// Writes the review of a launch from the results of real runs, and tells what is missing or failed.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { workspaceRoot } from '../source-files.ts';
import { type Results, reviewOf } from './page.ts';
import { headOf, makeResult, readResult, type SourceName, sources } from './results.ts';

const names = Object.keys(sources) as SourceName[];

const help = `Usage: scripts/launch-readiness [options]

Writes docs/plans/LaunchReadinessReview.md from results in a folder. Nothing is filled in that no run told.

  --run              make the results first: all tests, drop-ins, nightly audit, bench
  --only <names>     of ${names.join(', ')}; what --run makes
  --results <folder> where results are; default: node_modules/.cache/dropgate-readiness
  --page <file>      what is written; default: docs/plans/LaunchReadinessReview.md

At the end of a release, on a quiet machine, with everything committed:
  scripts/launch-readiness --run
The table of breaks is made elsewhere: put { made_at, commit, exit_code, text } with
the text {"caught": n, "survived": n} into breaks.json of that folder.

Exits with 1 where anything failed or is missing, with 2 on wrong usage.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const read = () =>
    parseArgs({
      options: {
        run: { type: 'boolean', default: false },
        only: { type: 'string' },
        results: { type: 'string', default: 'node_modules/.cache/dropgate-readiness' },
        page: { type: 'string', default: 'docs/plans/LaunchReadinessReview.md' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  let values: ReturnType<typeof read>;
  try {
    values = read();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    return 2;
  }
  if (values.help) {
    console.log(help);
    return 0;
  }
  const chosen = values.only?.split(',') ?? names;
  const unknown = chosen.filter((name) => !Object.hasOwn(sources, name));
  if (unknown.length > 0) {
    console.error(`There is no result ${unknown.join(', ')}.\n\n${help}`);
    return 2;
  }
  const folder = resolve(workspaceRoot, values.results);
  if (values.run) await makeAll(folder, chosen as SourceName[]);
  const results = await readAll(folder);
  const { page, wanting } = reviewOf(results, await headOf(workspaceRoot));
  const file = resolve(workspaceRoot, values.page);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, page);
  console.log(`Wrote ${values.page}.`);
  for (const one of wanting) console.log(`✗ ${one}`);
  return wanting.length > 0 ? 1 : 0;
}

async function makeAll(folder: string, chosen: readonly SourceName[]): Promise<void> {
  for (const name of chosen) {
    console.log(`Running ${sources[name].about} …`);
    const isMade = await makeResult(workspaceRoot, folder, name);
    if (!isMade)
      console.log(`Not run here: ${join(folder, name)}.json comes from ${sources[name].made}.`);
  }
}

async function readAll(folder: string): Promise<Results> {
  const read = names.map(async (name) => [name, await readResult(folder, name)] as const);
  return Object.fromEntries(await Promise.all(read)) as Results;
}
