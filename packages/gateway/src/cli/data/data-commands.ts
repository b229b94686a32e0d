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
    .description('tell and delete what is kept of a user or a key');
  const ofWhom = (command: Command) =>
    command
      .option('--user <id>', 'of this user, as keys forward it or requests name it')
      .option('--key <key>', 'of this key: its id or name, or oidc:<issuer>:<subject>')
      .addOption(jsonOption());
  ofWhom(data.command('list').description('count what is kept'))
    .addHelpText('after', examples('data list --user ann@example.com', 'data list --key alice'))
    .action((options) => run(async (context) => (await commands()).listData(context, options)));
  ofWhom(data.command('delete').description('delete it for good, and end the runs'))
    .option('--yes', 'without it nothing is deleted')
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
        'Sums of usage and decisions of the log stay, under a name that says nothing. The key',
        'itself stays: dropgate keys revoke ends it. Logs and backups are files of yours.',
      ].join('\n'),
    )
    .action((options) => run(async (context) => (await commands()).deleteData(context, options)));
}
