import { GatewayError } from '../../errors.ts';
import { hashOf } from '../../policy/keys/new-key.ts';
import { effectiveLimits } from '../../policy/limits/key-limits.ts';
import { isTokenLike } from '../../protocol/security/token-principal.ts';
import { type Whoami, type WhoamiAnswer, whoamiToJson } from '../../protocol/security/whoami.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { checkToken } from './check-token.ts';
import { readSecret, type SecretSource } from './read-secret.ts';
import { nowSeconds, withStore } from './with-store.ts';

/** What `dropgate security whoami` is told. */
export type WhoamiOptions = SecretSource & { readonly json?: true };

/** `dropgate security whoami`: who a key or token is here and what holds for it, or why it is not taken. */
export async function showWhoami(context: CommandContext, options: WhoamiOptions): Promise<number> {
  const { terminal } = context;
  const secret = await readSecret(options, context.projectRoot);
  try {
    const found = whoamiToJson(await whoamiOf(context, secret));
    if (options.json) terminal.json({ accepted: true, ...found });
    else for (const line of linesOf(found)) terminal.line(line);
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { code, message, adminDetail: detail } = error;
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    if (options.json)
      terminal.json({ accepted: false, code, message, detail: detail ?? null, cause });
    else {
      terminal.line(`Not taken (${code}): ${message}`);
      if (cause !== undefined) terminal.line(`  cause: ${cause}`);
      for (const line of detailLines(detail)) terminal.line(line);
    }
    return exitCodes.foundProblems;
  }
}

async function whoamiOf(context: CommandContext, secret: string): Promise<Whoami> {
  if (!isTokenLike(secret)) return whoamiOfKey(context, secret);
  const config = await context.loadConfig('keys');
  const { holder, limits } = await checkToken(config, secret);
  return {
    holder,
    limits: effectiveLimits(limits, config.security.limits),
    expiresAtSeconds: holder.token?.expiresAtSeconds ?? null,
  };
}

function whoamiOfKey(context: CommandContext, secret: string): Promise<Whoami> {
  return withStore(context, async ({ store, config }) => {
    const hash = hashOf(secret);
    const key = (await store.keys.list()).find((each) => each.hash === hash);
    if (!key) throw notTaken('No key here has this secret.');
    const { revokedAtSeconds: revoked, expiresAtSeconds } = key;
    if (revoked !== null) throw notTaken(`The key ${key.id} was revoked at ${iso(revoked)}.`);
    if (expiresAtSeconds !== null && expiresAtSeconds <= nowSeconds()) {
      throw notTaken(`The key ${key.id} expired at ${iso(expiresAtSeconds)}.`);
    }
    const { id: keyId, name: keyName, role, namespaces, agents } = key;
    const holder = { keyId, keyName, role, namespaces, agents };
    const limits = effectiveLimits(key.limits, config.security.limits);
    return { holder, limits, expiresAtSeconds };
  });
}

function notTaken(message: string): GatewayError {
  return new GatewayError('key_invalid', message);
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function linesOf(who: WhoamiAnswer): string[] {
  const limits = Object.entries(who.limits).filter(([, limit]) => limit !== null);
  return [
    `principal   ${who.id}`,
    `name        ${who.name}`,
    `role        ${who.role}`,
    `namespaces  ${scope(who.namespaces)}`,
    `agents      ${scope(who.agents)}`,
    `limits      ${limits.map(([name, limit]) => `${name}=${limit}`).join(', ') || 'none'}`,
    `issuer      ${who.issuer ?? '-'}`,
    `expires     ${who.expires_at ?? 'never'}`,
  ];
}

function scope(names: readonly string[] | null): string {
  return names === null ? 'all' : names.join(', ') || 'none';
}

/** What was found in the token, which nobody vouches for. */
function detailLines(detail: unknown): string[] {
  if (typeof detail !== 'object' || detail === null) return [];
  return Object.entries(detail)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${name}: ${JSON.stringify(value).slice(0, 300)}`);
}
