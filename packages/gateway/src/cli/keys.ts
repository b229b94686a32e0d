import { relative } from 'node:path';
import { type ApiKeys, createApiKeys } from '../policy/api-keys.ts';
import type { KeyRecord, Role } from '../protocol/policy.ts';
import { openStore } from '../storage/sql-store.ts';
import { type CommandContext, CommandError, exitCodes } from './command.ts';
import { osUser } from './os-user.ts';
import { table } from './text-layout.ts';

/** Options of `dropgate keys create`, parsed. */
export type CreateOptions = {
  readonly name?: string;
  readonly role: Role;
  readonly namespaces?: readonly string[];
  readonly agents?: readonly string[];
  /** Seconds from now. */
  readonly expires?: number;
  readonly json?: true;
};

/** `dropgate keys create`: makes a key and shows it, this once. */
export async function createKey(context: CommandContext, options: CreateOptions): Promise<number> {
  const { expires, json, ...wanted } = options;
  const { record, secret, place } = await withKeys(context, async (keys, place) => {
    const created = await keys.create({
      ...wanted,
      ...(expires === undefined ? {} : { expiresAtSeconds: Math.floor(nowSeconds()) + expires }),
      createdBy: `cli:${osUser()}`,
    });
    return { ...created, place };
  });
  const { terminal } = context;
  const { id, name, role, namespaces, agents } = record;
  const expires_at = isoTime(record.expiresAtSeconds);
  if (json) {
    terminal.json({ id, name, role, namespaces, agents, key: secret, expires_at });
    return exitCodes.done;
  }
  const until = expires_at ? `, until ${expires_at}` : '';
  terminal.note(`Made key ${id} (${name}, ${role}${until}) in ${place}. It is shown this once:`);
  terminal.line(secret);
  return exitCodes.done;
}

/** `dropgate keys list`: every key that was ever made, never its secret. */
export async function listKeys(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { records, place } = await withKeys(context, async (keys, place) => ({
    records: await keys.list(),
    place,
  }));
  const { terminal } = context;
  if (options.json) {
    terminal.json({ keys: records.map(toJson) });
    return exitCodes.done;
  }
  if (records.length === 0) {
    terminal.note(
      `There is no key in ${place} yet. Make one with \`dropgate keys create --role admin\`.`,
    );
    return exitCodes.done;
  }
  const rows = records.map((record) => [
    record.id,
    record.name,
    record.role,
    stateOf(record),
    isoTime(record.expiresAtSeconds)?.slice(0, 10) ?? 'never',
    [...(record.namespaces ?? []), ...(record.agents ?? [])].join(',') || 'all',
  ]);
  const head = ['ID', 'NAME', 'ROLE', 'STATE', 'EXPIRES', 'REACHES'];
  for (const line of table([head, ...rows])) terminal.line(line);
  return exitCodes.done;
}

/** `dropgate keys revoke`: ends a key, named by its id or by a name that only it has. */
export async function revokeKey(
  context: CommandContext,
  named: string,
  options: { readonly json?: true },
): Promise<number> {
  const { record, wasActive } = await withKeys(context, async (keys) => {
    const found = findKey(await keys.list(), named);
    return { record: found, wasActive: await keys.revoke(found.id) };
  });
  const { terminal } = context;
  const { id, name } = record;
  if (options.json) terminal.json({ id, name, revoked: true, changed: wasActive });
  else terminal.line(`Key ${id} (${name}) ${wasActive ? 'is' : 'was already'} revoked.`);
  return exitCodes.done;
}

function findKey(records: readonly KeyRecord[], named: string): KeyRecord {
  if (named.startsWith('dg_')) {
    throw new CommandError(
      'This is the key itself. Give its id or its name, see `dropgate keys list`.',
      exitCodes.wrongUsage,
    );
  }
  const byId = records.find(({ id }) => id === named);
  if (byId) return byId;
  const byName = records.filter(({ name }) => name === named);
  const live = byName.filter(({ revokedAtSeconds }) => revokedAtSeconds === null);
  const [found, ...others] = live.length > 0 ? live : byName.slice(-1);
  if (!found) {
    throw new CommandError(`There is no key ${named}. See \`dropgate keys list\`.`);
  }
  if (others.length > 0) {
    const ids = live.map(({ id }) => id).join(', ');
    throw new CommandError(`Several keys are named ${named}. Give the id of one: ${ids}.`);
  }
  return found;
}

/** Opens the store itself, so that keys can be made while no gateway runs. `place` is how people call the store. */
async function withKeys<Result>(
  context: CommandContext,
  work: (keys: ApiKeys, place: string) => Promise<Result>,
): Promise<Result> {
  const { storeUrl } = await context.loadConfig('keys');
  const store = await openStore(storeUrl);
  try {
    const keys = createApiKeys({
      store: store.keys,
      version: store.version,
      nowSeconds,
      emit: () => undefined,
    });
    const file = storeUrl.replace(/^sqlite:/, '');
    return await work(keys, relative(context.projectRoot, file));
  } finally {
    await store.close();
  }
}

function nowSeconds(): number {
  return Date.now() / 1000;
}

function stateOf({ revokedAtSeconds, expiresAtSeconds }: KeyRecord): string {
  if (revokedAtSeconds !== null) return 'revoked';
  return expiresAtSeconds !== null && expiresAtSeconds <= nowSeconds() ? 'expired' : 'active';
}

function toJson(record: KeyRecord): Readonly<Record<string, unknown>> {
  return {
    id: record.id,
    name: record.name,
    role: record.role,
    namespaces: record.namespaces,
    agents: record.agents,
    state: stateOf(record),
    created_at: isoTime(record.createdAtSeconds),
    created_by: record.createdBy,
    expires_at: isoTime(record.expiresAtSeconds),
    revoked_at: isoTime(record.revokedAtSeconds),
  };
}

function isoTime(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}
