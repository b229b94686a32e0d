import { join, relative, resolve } from 'node:path';
import { restoreBackup } from '../../storage/backup/restore-backup.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { findOtherGateway } from '../serve/other-gateway.ts';
import { count, toSecond } from '../text-layout.ts';
import { stopBetween } from './stop-between.ts';

type RestoreOptions = {
  readonly check?: true;
  readonly replace?: true;
  readonly json?: true;
};

/** `dropgate restore`. */
export async function restoreStore(
  context: CommandContext,
  named: string,
  options: RestoreOptions,
): Promise<number> {
  const { terminal, projectRoot } = context;
  const config = await context.loadConfig('keys');
  if (!options.check) await refuseRunning(projectRoot);
  const { uid, gid = uid } = config.worker;
  const { header, end, movedAside } = await restoreBackup({
    file: resolve(projectRoot, named),
    storeUrl: config.storeUrl,
    stateFolder: join(projectRoot, '.dropgate'),
    replace: options.replace === true,
    checkOnly: options.check === true,
    readableBy: gid ?? null,
    signal: stopBetween(context),
  });
  const { dropgate, made_at, engine } = header;
  const { rows, files } = end;
  const isRestored = !options.check;
  if (options.json) {
    const found = { made_at, dropgate, engine, rows, files };
    terminal.json({ restored: isRestored, ...found, moved_aside: movedAside });
    return exitCodes.done;
  }
  const many = Object.values(rows).reduce((sum, each) => sum + each, 0);
  const what = `${count(many, 'row')} and ${count(files, 'kept file')}`;
  const origin = `made on ${toSecond(made_at)} by Dropgate ${dropgate} on ${engine}`;
  terminal.line(`${isRestored ? 'Restored' : 'The backup is whole:'} ${what}, ${origin}.`);
  for (const path of movedAside) {
    terminal.line(`The store that was there is now ${relative(projectRoot, path)}.`);
  }
  if (isRestored) {
    terminal.note(
      'Keys that were revoked since then work again. Look with `dropgate keys list`, then start the gateway.',
    );
  }
  return exitCodes.done;
}

async function refuseRunning(projectRoot: string): Promise<void> {
  const running = await findOtherGateway(projectRoot);
  if (running === null) return;
  throw new CommandError(
    `A gateway runs on this project (process ${running.pid}). Stop it, then restore.`,
  );
}
