import { GatewayError } from '../../errors.ts';
import type { Issuer } from '../../policy/settings.ts';
import type { Action, Effect, KeyRecord } from '../../protocol/policy.ts';
import type { OverrideAnswer } from '../../protocol/security/answers.ts';
import { overrideToJson } from '../../protocol/security/to-json.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import { fromRunLimitsJson, type RunLimitsJson } from '../../protocol/usage/run-limits.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { commandLineUser } from '../command-line-user.ts';
import { cut, table, toSecond } from '../text-layout.ts';
import { withPolicy } from './with-policy.ts';
import { nowSeconds } from './with-store.ts';

/** The table gets no wider for a long reason. */
const reasonWidth = 40;

/** What `dropgate security override` is told, parsed. */
export type OverrideOptions = {
  readonly effect: Effect;
  readonly action: Action;
  readonly resource: string;
  readonly principal: string;
  /** Seconds. */
  readonly ttl: number;
  readonly reason: string;
  readonly breakGlass?: true;
  readonly limits?: RunLimitsJson;
  readonly json?: true;
};

/** `dropgate security override`: permits or stops something for a while. */
export async function makeOverride(
  context: CommandContext,
  options: OverrideOptions,
): Promise<number> {
  const { effect, action, resource, principal, ttl, reason, breakGlass, limits } = options;
  const { terminal } = context;
  const made = await withPolicy(context, async ({ overrides, store, config }) => {
    const issuer = unknownIssuer(principal, config.issuers);
    if (issuer !== null) {
      terminal.note(`warning: No issuer of tokens has the name ${issuer}: see \`auth.jwt\`.`);
    }
    if (namesNoKey(principal, await store.keys.list())) {
      terminal.note(
        `warning: No key has the id or the name ${principal} now. See \`dropgate keys list\`.`,
      );
    }
    return overrides.create(commandLineUser(), {
      effect,
      action,
      resource,
      principal,
      reason,
      ttlSeconds: ttl,
      breakGlass: breakGlass === true,
      limits: limits && fromRunLimitsJson(limits),
    });
  });
  const shown = overrideToJson(made, nowSeconds());
  if (options.json) terminal.json(shown);
  else {
    const what = `${shown.effect} ${shown.principal} to ${shownAction(shown)} ${shown.resource}`;
    terminal.line(`${shown.id}: ${what} until ${toSecond(shown.expires_at)}.`);
    terminal.note(`End it before with \`dropgate security revoke ${shown.id}\`.`);
  }
  return exitCodes.done;
}

/** `dropgate security overrides`: every override, newest first, or only those that hold now. */
export async function listOverrides(
  context: CommandContext,
  options: { readonly active?: true; readonly json?: true },
): Promise<number> {
  const { terminal } = context;
  const isActive = options.active === true;
  const records = await withPolicy(context, ({ overrides }) => overrides.list({ isActive }));
  const shown = records.map((record) => overrideToJson(record, nowSeconds()));
  if (options.json) {
    terminal.json({ overrides: shown });
    return exitCodes.done;
  }
  if (shown.length === 0) {
    terminal.note(isActive ? 'No override holds now.' : 'There is no override.');
    return exitCodes.done;
  }
  const head = [
    'ID',
    'STATE',
    'EFFECT',
    'PRINCIPAL',
    'ACTION',
    'RESOURCE',
    'UNTIL',
    'BY',
    'REASON',
  ];
  for (const line of table([head, ...shown.map(toRow)])) terminal.line(line);
  return exitCodes.done;
}

/** `dropgate security revoke`: ends an override now. */
export async function revokeOverride(
  context: CommandContext,
  id: string,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal } = context;
  const ended = await withPolicy(context, ({ overrides }) =>
    overrides.revoke(commandLineUser(), id).catch((error: unknown) => {
      const isUnknown = error instanceof GatewayError && error.code === 'record_not_found';
      if (!isUnknown) throw error;
      throw new CommandError(
        `No override ${id} holds now. See \`dropgate security overrides --active\`.`,
      );
    }),
  );
  if (options.json) terminal.json(overrideToJson(ended, nowSeconds()));
  else terminal.line(`Override ${id} is ended.`);
  return exitCodes.done;
}

/** A misspelt name is no mistake that could be refused: the key may be made later. */
/** The issuer that a principal names and the settings do not know; null for none. A deny of nobody stops nobody. */
function unknownIssuer(principal: string, issuers: readonly Issuer[]): string | null {
  const named = isOfTokens(principal) ? (principal.split(':')[1] ?? '') : '*';
  if (named.includes('*') || issuers.some(({ name }) => name === named)) return null;
  return named;
}

function namesNoKey(principal: string, keys: readonly KeyRecord[]): boolean {
  if (/[*:]/.test(principal)) return false;
  return !keys.some(({ id, name }) => id === principal || name === principal);
}

function toRow(override: OverrideAnswer): string[] {
  return [
    override.id,
    override.state,
    override.break_glass ? `${override.effect}!` : override.effect,
    override.principal,
    shownAction(override),
    override.resource,
    toSecond(override.expires_at),
    override.created_by,
    cut(override.reason, reasonWidth),
  ];
}

function shownAction({ action, limits }: OverrideAnswer): string {
  const shown = Object.entries(limits ?? {}).map(([name, most]) => `${name}=${most}`);
  return shown.length === 0 ? action : `${action} ${shown.join(',')}`;
}
