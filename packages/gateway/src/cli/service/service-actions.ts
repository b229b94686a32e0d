import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { type RunChoice, unitFacts } from './unit-facts.ts';
import { type UnitFacts, unitFile } from './unit-file.ts';
import { cannot, ownUnit, type UnitChoice, unitPath } from './unit-place.ts';

/** Where it is, systemd runs the machine. */
const bootedPath = '/run/systemd/system';

type Shown = { readonly json?: true };

/** `dropgate service install`: writes the unit of this project, and tells what starts it. */
export async function installService(
  context: CommandContext,
  options: UnitChoice & RunChoice & Shown & { readonly print?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  const config = await context.loadConfig('start');
  const path = unitPath(options);
  const facts = unitFacts(config, options);
  const text = unitFile(facts);
  const next = nextCommands(options, facts);
  if (options.print) {
    if (options.json) terminal.json({ path, state: 'printed', unit: text, next });
    else terminal.line(text.trimEnd());
    return exitCodes.done;
  }
  requireSystemd(options);
  const before = ownUnit(path, projectRoot);
  const state = before === null ? 'written' : before === text ? 'unchanged' : 'rewritten';
  if (options.root === undefined) makeStateFolder(facts);
  if (state !== 'unchanged') write(path, text);
  if (options.json) terminal.json({ path, state, unit: text, next });
  else {
    terminal.line(`${state === 'unchanged' ? 'Unchanged' : 'Wrote'} ${path}. Nothing was started.`);
    terminal.line('\nNext:');
    for (const command of next) terminal.line(`  ${command}`);
  }
  return exitCodes.done;
}

/** `dropgate service uninstall`: removes the unit that `install` wrote; it does not stop what runs. */
export async function uninstallService(
  { terminal, projectRoot }: CommandContext,
  options: UnitChoice & Shown,
): Promise<number> {
  const path = unitPath(options);
  const isThere = ownUnit(path, projectRoot) !== null;
  if (isThere) remove(path);
  const next = isThere
    ? [`${systemctl(options)} disable --now ${options.name}`, reload(options)]
    : [];
  if (options.json) terminal.json({ path, state: isThere ? 'removed' : 'absent', next });
  else {
    terminal.line(isThere ? `Removed ${path}.` : `There is no ${path}.`);
    if (isThere) terminal.line('\nNext, to end what runs of it:');
    for (const command of next) terminal.line(`  ${command}`);
  }
  return exitCodes.done;
}

function nextCommands(choice: UnitChoice, { scope }: UnitFacts): string[] {
  const { user, name } = choice;
  // A store that root made could not be written by anybody else.
  const asUser =
    scope.type === 'user' || scope.user === 'root' ? '' : `runuser -u ${scope.user} -- `;
  return [
    `${asUser}dropgate keys create --name admin --role admin`,
    reload(choice),
    `${systemctl(choice)} enable --now ${name}`,
    `journalctl ${user ? '--user ' : ''}--unit ${name} --follow`,
    // Without it the services of a user end when the last session does.
    ...(user ? ['loginctl enable-linger'] : []),
  ];
}

function systemctl({ user }: UnitChoice): string {
  return user ? 'systemctl --user' : 'systemctl';
}

function reload(choice: UnitChoice): string {
  return `${systemctl(choice)} daemon-reload`;
}

function requireSystemd({ root }: UnitChoice): void {
  if (root !== undefined || existsSync(bootedPath)) return;
  throw new CommandError(
    'systemd does not run this machine, so it has no services of systemd. See the unit with --print, write it for another machine with --root, or start `dropgate start` by what starts your other services.',
  );
}

/** Nobody reads it half written. */
function write(path: string, text: string): void {
  const unseen = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(unseen, text, { mode: 0o644 });
    renameSync(unseen, path);
  } catch (error) {
    rmSync(unseen, { force: true });
    throw cannot('written', path, error);
  }
}

function remove(path: string): void {
  try {
    rmSync(path);
  } catch (error) {
    throw cannot('removed', path, error);
  }
}

/** The unit names it, so it has to be there when it starts, and be its user's. */
function makeStateFolder({ projectRoot, scope }: UnitFacts): void {
  const folder = join(projectRoot, '.dropgate');
  if (existsSync(folder)) return;
  mkdirSync(folder, { mode: 0o700 });
  if (scope.type === 'system' && process.getuid?.() === 0) {
    chownSync(folder, numberOf('-u', scope.user), numberOf('-g', scope.user));
  }
}

function numberOf(which: '-u' | '-g', user: string): number {
  try {
    return Number(execFileSync('id', [which, user], { encoding: 'utf8', stdio: 'pipe' }));
  } catch {
    throw new CommandError(`There is no user ${user} on this machine. Make one, or name another.`);
  }
}
