import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate backup`, `restore` and `data …`: they open the store themselves, but where a running gateway has to know. */
export function addDataCommands(program: Command, run: RunCommand): void {
  addOwnDataCommands(program, run);
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

function addOwnDataCommands(program: Command, run: RunCommand): void {
  const commands = () => import('./user-data.ts');
  const data = program
    .command('data')
    .description('count or delete what is kept of a user or a key');
  const ofWhom = (command: Command) =>
    command
      .option('--user <id>', 'id of a user, as requests name it')
      .option(
        '--key <key>',
        'a key: its id or name, or oidc:<issuer>:<subject>; with --user: that user of it',
      )
      .addOption(jsonOption());
  ofWhom(data.command('list').description('count what is kept of a user or a key'))
    .addHelpText('after', examples('data list --user ann@example.com', 'data list --key alice'))
    .action((options) => run(async (context) => (await commands()).listData(context, options)));
  ofWhom(
    data
      .command('delete')
      .description('delete what is kept of a user or a key for good, and end their runs'),
  )
    .option('--yes', 'delete; without it, only count')
    .addHelpText(
      'after',
      examples(
        'data delete --user ann@example.com --yes',
        'data delete --user ann@example.com --key webui --yes --json',
      ),
    )
    .addHelpText(
      'after',
      [
        '',
        'Usage and decisions stay under a random name, so that sums hold. The key stays too:',
        'dropgate keys revoke ends it. Log files and backups are not reached.',
      ].join('\n'),
    )
    .action((options) => run(async (context) => (await commands()).deleteData(context, options)));
}
