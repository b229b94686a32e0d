import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readOwnPackage } from '../../config/own-package.ts';
import { writeBackup } from '../../storage/backup/write-backup.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { count } from '../text-layout.ts';
import { stopBetween } from './stop-between.ts';

/** `dropgate backup`. */
export async function makeBackup(
  context: CommandContext,
  named: string,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  const { storeUrl } = await context.loadConfig('keys');
  const file = await fileOf(resolve(projectRoot, named));
  const { engine, rows, files } = await writeBackup({
    storeUrl,
    stateFolder: join(projectRoot, '.dropgate'),
    file,
    dropgateVersion: readOwnPackage().version,
    signal: stopBetween(context),
  });
  const { size } = await stat(file);
  if (options.json) {
    terminal.json({ file, engine, bytes: size, rows, files });
    return exitCodes.done;
  }
  const many = Object.values(rows).reduce((sum, each) => sum + each, 0);
  terminal.line(`Wrote ${file} (${Math.ceil(size / 1024)} KiB).`);
  terminal.line(`It has ${count(many, 'row')} and ${count(files, 'kept file')}.`);
  return exitCodes.done;
}

/** In a folder a backup is named by the time, in UTC. */
async function fileOf(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) return path;
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  return join(path, `dropgate-${time}.backup`);
}
