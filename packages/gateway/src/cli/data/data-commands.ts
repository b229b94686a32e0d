import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate backup` and `dropgate restore`: they open the store themselves. */
export function addDataCommands(program: Command, run: RunCommand): void {
  program
    .command('backup')
    .description('write the store and the kept versions of agents into one file')
    .argument('<file>', 'the file to make; in a folder it is named by the time')
    .addOption(jsonOption())
    .addHelpText('after', examples('backup before-upgrade.backup', 'backup /var/backups/dropgate'))
    .addHelpText(
      'after',
      [
        '',
        'Gateways go on meanwhile. The file has what the store has: hashes of keys, overrides,',
        'decisions, usage and the journal, with contents where they are recorded. It does not',
        'have gateway.yaml, .env, .dropgate/upstream.env and the agents’ own files.',
      ].join('\n'),
    )
    .action((file: string, options) =>
      run(async (context) =>
        (await import('./backup-action.ts')).makeBackup(context, file, options),
      ),
    );
  program
    .command('restore')
    .description('put a backup in the place of the store, while no gateway runs')
    .argument('<file>', 'a file that dropgate backup made, on SQLite or on Postgres')
    .option('--check', 'read the backup to its end and change nothing')
    .option('--replace', 'restore though the store holds something already')
    .addOption(jsonOption())
    .addHelpText('after', examples('restore --check a.backup', 'restore a.backup --replace'))
    .addHelpText(
      'after',
      [
        '',
        'Nothing is changed before the whole backup was read and brought up to date. A SQLite',
        'file that gives way is moved aside; rows of a Postgres database are removed.',
        'Keys that were revoked since the backup work again: revoke them anew.',
      ].join('\n'),
    )
    .action((file: string, options) =>
      run(async (context) =>
        (await import('./restore-action.ts')).restoreStore(context, file, options),
      ),
    );
}
