import { createApiKeys } from '../../policy/keys/api-keys.ts';
import { createManageKeys, type ManageKeys } from '../../policy/keys/manage-keys.ts';
import { noLimits } from '../../policy/limits/key-limits.ts';
import { unknownScopes } from '../../policy/review/unmatched-names.ts';
import type { KeyLimits, KeyRecord, Role } from '../../protocol/policy.ts';
import type { KeyAnswer } from '../../protocol/security/answers.ts';
import { keyToJson } from '../../protocol/security/to-json.ts';
import { fromRunLimitsJson, type RunLimitsJson } from '../../protocol/usage/run-limits.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { commandLineUser } from '../command-line-user.ts';
import { table } from '../text-layout.ts';
import { findKey } from './find-key.ts';
import { knownAgentsOf } from './with-policy.ts';
import { nowSeconds, withStore } from './with-store.ts';

/** Options of `dropgate keys create`, parsed. */
export type CreateOptions = Partial<KeyLimits> & {
  readonly name?: string;
  readonly role: Role;
  readonly namespaces?: readonly string[];
  readonly agents?: readonly string[];
  /** Seconds from now. */
  readonly expires?: number;
  readonly runLimits?: RunLimitsJson;
  readonly forwardsUsers?: true;
  readonly json?: true;
};

/** `dropgate keys create`: makes a key and shows it, this once. */
export async function createKey(context: CommandContext, options: CreateOptions): Promise<number> {
  const { name, role, namespaces, agents, expires, json, ...more } = options;
  const { runLimits, forwardsUsers, ...limits } = more;
  const made = await withKeys(context, async ({ keys, place, knownIds }) => ({
    ...(await keys.create(commandLineUser(), {
      role,
      limits,
      ...(name !== undefined && { name }),
      ...(namespaces && { namespaces }),
      ...(agents && { agents }),
      ...(forwardsUsers && { forwardsUsers }),
      ...(runLimits && { runLimits: fromRunLimitsJson(runLimits) }),
      ...(expires !== undefined && { expiresAtSeconds: Math.floor(nowSeconds()) + expires }),
    })),
    place,
    agentIds: await knownIds(),
  }));
  for (const warning of unknownScopes(options, made.agentIds)) {
    context.terminal.note(`warning: ${warning}`);
  }
  showSecret(context, { ...made, what: `Made key ${describe(made.record)}` }, { json });
  return exitCodes.done;
}

/** `dropgate keys list`: every key that was ever made, never its secret. */
export async function listKeys(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { records, place } = await withKeys(context, async ({ keys, place }) => ({
    records: await keys.list(commandLineUser()),
    place,
  }));
  const { terminal } = context;
  const shown = records.map((record) => keyToJson(record, nowSeconds()));
  if (options.json) {
    terminal.json({ keys: shown });
    return exitCodes.done;
  }
  if (shown.length === 0) {
    terminal.note(
      `There is no key in ${place} yet. Make one with \`dropgate keys create --role admin\`.`,
    );
    return exitCodes.done;
  }
  const head = ['ID', 'NAME', 'ROLE', 'STATE', 'EXPIRES', 'LAST USED', 'REACHES', 'LIMITS'];
  for (const line of table([head, ...shown.map(toRow)])) terminal.line(line);
  return exitCodes.done;
}

/** Options of `dropgate keys limit`, parsed. */
export type LimitOptions = { readonly [Name in keyof KeyLimits]?: number | 'none' } & {
  readonly runLimits?: RunLimitsJson | 'none';
  readonly json?: true;
};

/** `dropgate keys limit`: gives a key other limits; those that are not given stay as they are. */
export async function limitKey(
  context: CommandContext,
  named: string,
  { json, runLimits, ...given }: LimitOptions,
): Promise<number> {
  if (runLimits === undefined && Object.keys(given).length === 0) {
    throw new CommandError(
      'Say which limit, such as --requests-per-minute 60.',
      exitCodes.wrongUsage,
    );
  }
  const key = await withKeys(context, async ({ keys }) => {
    const user = commandLineUser();
    const found = findKey(await keys.list(user), named);
    return keys.setLimits(user, found.id, {
      limits: Object.fromEntries(
        Object.entries(given).map(([name, limit]) => [name, limit === 'none' ? null : limit]),
      ),
      ...(runLimits !== undefined && {
        runLimits: runLimits === 'none' ? null : fromRunLimitsJson(runLimits),
      }),
    });
  });
  const shown = keyToJson(key, nowSeconds());
  const { terminal } = context;
  if (json) terminal.json(shown);
  else
    terminal.line(
      `Key ${key.id} (${key.name}) has these limits now: ${limitsOf(shown) || 'none'}.`,
    );
  return exitCodes.done;
}

/** `dropgate keys rotate`: makes a key in place of another, which goes on working for the overlap. */
export async function rotateKey(
  context: CommandContext,
  named: string,
  options: { readonly overlap: number; readonly json?: true },
): Promise<number> {
  const { made, old } = await withKeys(context, async ({ keys, place }) => {
    const user = commandLineUser();
    const old = findKey(await keys.list(user), named);
    const rotated = await keys.rotate(user, old.id, { overlapSeconds: options.overlap });
    return { made: { ...rotated, place }, old };
  });
  const left = options.overlap === 0 ? 'ended now' : `works for another ${options.overlap} s`;
  const what = `Made key ${describe(made.record)} in place of ${old.id}, which ${left}`;
  showSecret(context, { ...made, what }, options);
  return exitCodes.done;
}

/** `dropgate keys revoke`: ends a key, named by its id or by a name that only it has. */
export async function revokeKey(
  context: CommandContext,
  named: string,
  options: { readonly json?: true },
): Promise<number> {
  const key = await withKeys(context, async ({ keys }) => {
    const user = commandLineUser();
    const found = findKey(await keys.list(user), named);
    return keys.revoke(user, found.id);
  });
  const { terminal } = context;
  const { id, name } = key;
  const wasActive = key.revokedAtSeconds === null;
  if (options.json) terminal.json({ id, name, revoked: true, changed: wasActive });
  else terminal.line(`Key ${id} (${name}) ${wasActive ? 'is' : 'was already'} revoked.`);
  return exitCodes.done;
}

type Keys = {
  readonly keys: ManageKeys;
  readonly place: string;
  readonly knownIds: () => Promise<readonly string[]>;
};

function withKeys<Result>(
  context: CommandContext,
  work: (opened: Keys) => Promise<Result>,
): Promise<Result> {
  return withStore(context, ({ store, config, place }) => {
    const keys = createManageKeys({
      keys: createApiKeys({ store: store.keys, nowSeconds }),
      known: { find: () => undefined },
      limitsOfToken: () => noLimits,
      defaultLimits: () => config.security.limits,
      defaultRunLimits: () => config.security.runLimits,
      nowSeconds,
    });
    const knownIds = async () => (await knownAgentsOf(store)).map(({ id }) => id);
    return work({ keys, place, knownIds });
  });
}

type Shown = {
  readonly record: KeyRecord;
  readonly secret: string;
  readonly place: string;
  readonly what: string;
};

function showSecret(
  { terminal }: CommandContext,
  { record, secret, place, what }: Shown,
  { json }: { readonly json?: true | undefined },
): void {
  if (json) {
    terminal.json({ ...keyToJson(record, nowSeconds()), key: secret });
    return;
  }
  terminal.note(`${what}, in ${place}. It is shown this once:`);
  terminal.line(secret);
}

function describe(record: KeyRecord): string {
  const { id, name, role, expires_at } = keyToJson(record, nowSeconds());
  return `${id} (${name}, ${role}${expires_at ? `, until ${expires_at}` : ''})`;
}

function toRow(key: KeyAnswer): string[] {
  return [
    key.id,
    key.name,
    key.role,
    key.state,
    key.expires_at?.slice(0, 10) ?? 'never',
    key.last_used_at?.slice(0, 10) ?? 'never',
    [...(key.namespaces ?? []), ...(key.agents ?? [])].join(',') || 'all',
    [limitsOf(key) || 'none', ...(key.forwards_users ? ['forwards users'] : [])].join(', '),
  ];
}

const unitsOfLimits = {
  requests_per_minute: '/min',
  concurrent_runs: ' runs',
  tokens_per_day: ' tokens/day',
  tokens_per_month: ' tokens/month',
  usd_per_day: ' $/day',
  usd_per_month: ' $/month',
} as const;

function limitsOf({ limits, run_limits }: KeyAnswer): string {
  const ofRuns = Object.entries(run_limits ?? {}).map(([name, most]) => `${name}=${most}`);
  return Object.entries(unitsOfLimits)
    .flatMap(([name, unit]) => {
      const limit = limits[name as keyof typeof unitsOfLimits];
      return limit === null ? [] : [`${limit}${unit}`];
    })
    .concat(ofRuns)
    .join(', ');
}
