import { hash as digest, randomBytes } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import {
  type KeyLimits,
  type KeyRecord,
  keyLimits,
  limitNames,
  type Role,
} from '../../protocol/policy.ts';
import { moneyLimits } from '../../protocol/security/security-limits.ts';
import type { RunLimits } from '../../protocol/usage/run-limits.ts';

/** A key to be made. Absent scopes reach all, an absent expiry is never. */
export type NewKey = {
  /** Letters, digits, `.`, `_`, `-`, `@` and spaces; `<role>-<some digits>` without it. */
  readonly name?: string;
  readonly role: Role;
  readonly namespaces?: readonly string[];
  readonly agents?: readonly string[];
  readonly expiresAtSeconds?: number;
  /** Whole numbers above 0, but for US dollars; what is absent or null is as `security.limits` says. */
  readonly limits?: Partial<KeyLimits>;
  /** Of each of its runs, checked. */
  readonly runLimits?: RunLimits;
  /** Whether what it says of the person behind a request counts. Default false. */
  readonly forwardsUsers?: boolean;
  /** Who makes it: `cli:<os user>`, or a key id. */
  readonly createdBy: string;
};

/** A fresh secret: `dg_` and 256 random bits. */
export function newSecret(): string {
  return `dg_${randomBytes(32).toString('base64url')}`;
}

/** Whether a text has the form of a secret. */
export function isSecret(text: string): boolean {
  return /^dg_[A-Za-z0-9_-]{43}$/.test(text);
}

/** What is stored of a secret: its SHA-256, hex. */
export function hashOf(secret: string): string {
  return digest('sha256', secret);
}

/**
 * The record of a new key.
 *
 * @throws GatewayError `invalid_value` for a name, a scope or an expiry that cannot be.
 */
export function newKeyRecord(key: NewKey, hash: string, nowSeconds: number): KeyRecord {
  const name = key.name ?? `${key.role}-${randomBytes(3).toString('hex')}`;
  checkName(name);
  const expiresAtSeconds = key.expiresAtSeconds ?? null;
  if (expiresAtSeconds !== null && expiresAtSeconds <= nowSeconds) {
    throw new GatewayError('invalid_value', 'A key has to expire in the future.', {
      param: 'expires_at',
    });
  }
  return {
    id: newId(),
    name,
    role: key.role,
    hash,
    namespaces: scope(key.namespaces, 'namespaces', /^[a-z0-9._-]+$/),
    agents: scope(key.agents, 'agents', /^[a-z0-9._*/-]+$/),
    limits: checkedLimits(key.limits ?? {}),
    runLimits: key.runLimits ?? null,
    forwardsUsers: key.forwardsUsers ?? false,
    createdAtSeconds: Math.floor(nowSeconds),
    createdBy: key.createdBy,
    expiresAtSeconds,
    revokedAtSeconds: null,
    rotatedFrom: null,
    lastUsedAtSeconds: null,
  };
}

/** A key in place of another: the same reach, limits and length of life, counted from now. */
export function rotatedRecord(
  old: KeyRecord,
  made: { readonly hash: string; readonly createdBy: string; readonly nowSeconds: number },
): KeyRecord {
  const { expiresAtSeconds: oldEnd, createdAtSeconds: oldBegin } = old;
  const nowSeconds = Math.floor(made.nowSeconds);
  return {
    ...old,
    id: newId(),
    hash: made.hash,
    createdBy: made.createdBy,
    createdAtSeconds: nowSeconds,
    expiresAtSeconds: oldEnd === null ? null : nowSeconds + (oldEnd - oldBegin),
    revokedAtSeconds: null,
    rotatedFrom: old.id,
    lastUsedAtSeconds: null,
  };
}

function newId(): string {
  return `key_${randomBytes(9).toString('base64url')}`;
}

// Rules name keys by id, name, role and glob: a name must be none of the others.
function checkName(name: string): void {
  const isOwnId = /^(key|local)_/.test(name);
  if (/^(?=.{1,64}$)[\p{L}\p{N}][\p{L}\p{N}._@ -]*(?<! )$/u.test(name) && !isOwnId) return;
  throw new GatewayError(
    'invalid_value',
    'A key’s name begins with a letter or digit, has letters, digits, `.`, `_`, `-`, `@` and, but at its end, spaces, 64 at most, and does not begin with `key_` or `local_`.',
    { param: 'name' },
  );
}

function scope(
  patterns: readonly string[] | undefined,
  param: 'namespaces' | 'agents',
  form: RegExp,
): readonly string[] | null {
  if (patterns === undefined) return null;
  const lower = patterns.map((pattern) => pattern.trim().toLowerCase());
  if (lower.length > 0 && lower.every((pattern) => form.test(pattern))) return lower;
  const message =
    param === 'namespaces'
      ? 'The namespaces of a key are names such as `labs`.'
      : 'The agents of a key are model ids in which `*` stands for anything, such as `labs/*`.';
  throw new GatewayError('invalid_value', message, { param });
}

function checkedLimits(limits: Partial<KeyLimits>): KeyLimits {
  return keyLimits((name) => {
    const limit = limits[name] ?? null;
    const isMoney = name === 'usdPerDay' || name === 'usdPerMonth';
    if (limit === null || (isMoney ? isAmount(limit) : isCount(limit))) return limit;
    const param = limitNames[name];
    const wanted = isMoney
      ? `an amount of US dollars from ${moneyLimits.leastUsd} to ${moneyLimits.mostUsd}`
      : 'a whole number above 0';
    throw new GatewayError('invalid_value', `The limit ${param} is ${wanted}.`, { param });
  });
}

function isCount(limit: number): boolean {
  return Number.isSafeInteger(limit) && limit > 0;
}

function isAmount(limit: number): boolean {
  return limit >= moneyLimits.leastUsd && limit <= moneyLimits.mostUsd;
}
