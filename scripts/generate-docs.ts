// Writes the pages of docs/ that tell what the code says, and the linter's layer rules. `--check` writes nothing and fails where one is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { architecturePage } from './docs/architecture-page.ts';
import { cliPage } from './docs/cli-page.ts';
import { configurationPage } from './docs/configuration-page.ts';
import { consoleCodes } from './docs/console-codes.ts';
import { consoleTypes } from './docs/console-types.ts';
import { errorsPage } from './docs/errors-page.ts';
import { eventsPage } from './docs/events-page.ts';
import { observabilityPage } from './docs/observability-page.ts';
import { overviewPicture } from './docs/overview-picture.ts';
import { routesPage } from './docs/routes-page.ts';
import { troubleshootingPage } from './docs/troubleshooting-page.ts';
import { biomeLayers } from './layers/biome-layers.ts';
import { workspaceRoot } from './source-files.ts';

const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'biome.layers.json': biomeLayers,
  'docs/architecture.md': architecturePage,
  'docs/cli.md': cliPage,
  'docs/configuration.md': configurationPage,
  'docs/errors.md': errorsPage,
  'docs/events.md': eventsPage,
  'docs/guides/Troubleshooting.md': troubleshootingPage,
  'docs/pictures/overview.svg': overviewPicture,
  'docs/routes.md': routesPage,
  'docs/systems/observability.md': observabilityPage,
  'packages/console/src/api/schema.ts': consoleTypes,
  'packages/console/src/pages/errors/known-codes.json': consoleCodes,
};

const isCheck = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, write] of Object.entries(pages)) {
  const file = join(workspaceRoot, path);
  const text = await write();
  const current = await readFile(file, 'utf8').catch(() => null);
  if (text === current) continue;
  stale.push(path);
  if (isCheck) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
if (isCheck && stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run \`make docs\` and commit what it writes.`);
  process.exitCode = 1;
} else {
  console.log(stale.length > 0 ? `Wrote ${stale.join(', ')}.` : 'All pages are up to date.');
}
