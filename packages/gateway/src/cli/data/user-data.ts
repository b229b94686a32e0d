import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { toEndUser } from '../../policy/users/end-user.ts';
import { type DataAnswer, dataAnswer } from '../../protocol/admin/data-answer.ts';
import { type DataOf, type DataStore, renamedKinds } from '../../protocol/state/data-store.ts';
import type { Store } from '../../protocol/store.ts';
import { readRunningGateway } from '../../storage/running-gateway.ts';
import { hasProcess } from '../../system/processes.ts';
import { connectGateway } from '../agents/gateway-client.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { commandLineUser } from '../command-line-user.ts';
import { findKey } from '../security/find-key.ts';
import { withStore } from '../security/with-store.ts';
import { count, table } from '../text-layout.ts';

/** Whose data: one of both, or a user of a key. */
export type DataOptions = {
  readonly user?: string;
  /** Id or name. */
  readonly key?: string;
  readonly yes?: true;
  readonly json?: true;
};

/** A deletion waits for the runs that it ends. */
const TIMEOUT_MS = 60_000;

/** `dropgate data list`: how much is kept of a user or a key. */
export async function listData(context: CommandContext, options: DataOptions): Promise<number> {
  const found = await ask(context, options, 'GET');
  if (options.json) context.terminal.json(found);
  else for (const line of linesOf(found, 'KEPT')) context.terminal.line(line);
  return exitCodes.done;
}

/** `dropgate data delete`: deletes it, with `--yes`. */
export async function deleteData(context: CommandContext, options: DataOptions): Promise<number> {
  const { terminal } = context;
  if (!options.yes) {
    const found = await ask(context, options, 'GET');
    if (!options.json) for (const line of linesOf(found, 'KEPT')) terminal.line(line);
    throw new CommandError('Nothing is deleted so far. Say --yes to delete it.');
  }
  const deleted = await ask(context, options, 'DELETE');
  if (options.json) {
    terminal.json({ ...deleted, deleted: true });
    return exitCodes.done;
  }
  for (const line of linesOf(deleted, 'WAS KEPT')) terminal.line(line);
  terminal.line('');
  terminal.line(
    `Deleted; ${renamedKinds.join(' and ')} stay, under random names. ${count(deleted.running, 'run')} ended.`,
  );
  return exitCodes.done;
}

/** Asks the gateway that runs here, which tells its runs; where none does, the store itself. */
async function ask(
  context: CommandContext,
  options: DataOptions,
  method: 'GET' | 'DELETE',
): Promise<DataAnswer> {
  const { user, key } = options;
  if (user === undefined && key === undefined) {
    throw new CommandError('Say of whom: --user, --key or both.', exitCodes.wrongUsage);
  }
  const running = await readRunningGateway(join(context.projectRoot, '.dropgate'));
  if (running && hasProcess(running.pid)) {
    const gateway = await connectGateway(context.projectRoot);
    const query = { user, key };
    return gateway({
      method,
      path: '/admin/data',
      answer: dataAnswer,
      query,
      timeoutMs: TIMEOUT_MS,
    });
  }
  return withStore(context, async ({ store }) => {
    const of = await dataOf(store, options);
    const counts = await (method === 'GET' ? store.data.count(of) : erase(store, of));
    return { user: of.user ?? null, key_id: of.keyId ?? null, running: 0, counts };
  });
}

async function erase({ data, decisions }: Store, of: DataOf): ReturnType<DataStore['erase']> {
  const { id, principal } = commandLineUser();
  const now = Date.now();
  const counts = await data.erase(of);
  await decisions.append([
    {
      id: `dec_${String(now).padStart(14, '0')}000000${String(randomInt(1_000_000)).padStart(6, '0')}`,
      time: new Date(now).toISOString(),
      requestId: null,
      keyId: id,
      user: null,
      role: principal.role,
      action: 'administer',
      effect: 'allow',
      resource: '/admin/data/delete',
      agentId: null,
      modulePath: null,
      tool: null,
      ruleId: null,
      tier: 7,
      source: 'built_in',
      reason: 'dropgate data delete',
    },
  ]);
  return counts;
}

async function dataOf(store: Store, { user, key }: DataOptions): Promise<DataOf> {
  const person = user === undefined ? null : toEndUser(user, '--user');
  if (user !== undefined && !person) {
    throw new CommandError('The id of the user is empty.', exitCodes.wrongUsage);
  }
  return {
    ...(person && { user: person.id }),
    ...(key !== undefined && { keyId: await keyIdOf(store, key) }),
  };
}

/** A key may be gone; a caller with a token never had one. */
async function keyIdOf(store: Store, named: string): Promise<string> {
  if (/^(key_|oidc:)/.test(named)) return named;
  return findKey(await store.keys.list(), named).id;
}

function linesOf({ running, counts }: DataAnswer, head: string): string[] {
  const rows = Object.entries({ 'running runs': running, ...counts }).map(([kind, many]) => [
    kind.replaceAll('_', ' '),
    String(many),
  ]);
  return table([['KIND', head], ...rows]);
}
