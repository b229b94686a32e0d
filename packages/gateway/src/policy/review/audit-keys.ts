import type { KeyRecord } from '../../protocol/policy.ts';
import type { AuditFinding } from '../../protocol/security/audit.ts';
import { isUsable } from '../keys/known-keys.ts';
import type { AuditFacts } from './audit-facts.ts';

const daySeconds = 86_400;

/** A key that was not used for so long is likely to be forgotten. */
const unusedDays = 90;

/** A key that nobody used since it was made may never have reached whom it was for. */
const neverUsedDays = 7;

/** As long before its end as the gateway begins to warn. */
const expiringDays = 7;

/** More than these are hard to keep an eye on. */
const manyAdmins = 3;

/** Keys that work for ever, are not used, end soon, have their users administer; too many admins, or none. */
export function auditKeys({ keys, nowSeconds }: AuditFacts): AuditFinding[] {
  const usable = keys.filter((key) => isUsable(key, nowSeconds));
  const replaced = new Set(usable.map(({ rotatedFrom }) => rotatedFrom));
  return [
    ...auditAdmins(usable),
    ...usable.flatMap((key) => [
      ...auditUsers(key),
      ...auditUse(key, nowSeconds),
      // One that was rotated is meant to end.
      ...(replaced.has(key.id) ? [] : auditExpiry(key, nowSeconds)),
    ]),
  ];
}

function auditAdmins(usable: readonly KeyRecord[]): AuditFinding[] {
  const admins = usable.filter(({ role }) => role === 'admin');
  if (admins.length > 0 && admins.length <= manyAdmins) return [];
  const isNone = admins.length === 0;
  return [
    {
      severity: 'warning',
      code: isNone ? 'no_admin_key' : 'many_admin_keys',
      subject: 'keys',
      message: isNone
        ? 'No key with the role admin can be used.'
        : `${admins.length} keys have the role admin: ${admins.map(nameOf).join(', ')}.`,
      hint: isNone
        ? 'Make one with `dropgate keys create --role admin`.'
        : 'Give operators the role operator, and revoke what is not needed.',
    },
  ];
}

/** A backend that names its users asks agents for them; what more it may, each of its weaknesses gives away. */
function auditUsers({ forwardsUsers, role, ...key }: KeyRecord): AuditFinding[] {
  if (!forwardsUsers || role === 'caller') return [];
  return [
    {
      severity: 'warning',
      code: 'key_of_users_administers',
      subject: key.id,
      message: `Key ${nameOf(key)} forwards its users and has the role ${role}.`,
      hint: 'Make one with --role caller --forwards-users in its place, and revoke it.',
    },
  ];
}

function auditUse(key: KeyRecord, nowSeconds: number): AuditFinding[] {
  const { lastUsedAtSeconds, createdAtSeconds } = key;
  const quietDays = Math.floor((nowSeconds - (lastUsedAtSeconds ?? createdAtSeconds)) / daySeconds);
  const isNever = lastUsedAtSeconds === null;
  if (quietDays < (isNever ? neverUsedDays : unusedDays)) return [];
  return [
    {
      severity: 'warning',
      code: isNever ? 'key_never_used' : 'key_unused',
      subject: key.id,
      message: isNever
        ? `Key ${nameOf(key)} was made ${quietDays} days ago and never used.`
        : `Key ${nameOf(key)} was not used for ${quietDays} days.`,
      hint: `Revoke it: \`dropgate keys revoke ${key.id}\`.`,
    },
  ];
}

function auditExpiry(key: KeyRecord, nowSeconds: number): AuditFinding[] {
  const { id, expiresAtSeconds } = key;
  if (expiresAtSeconds === null) {
    return [
      {
        severity: 'warning',
        code: 'key_without_expiry',
        subject: id,
        message: `Key ${nameOf(key)} (${key.role}) never expires.`,
        hint: 'Make one with --expires in its place, and revoke it.',
      },
    ];
  }
  const leftSeconds = expiresAtSeconds - nowSeconds;
  if (leftSeconds > expiringDays * daySeconds) return [];
  return [
    {
      severity: 'warning',
      code: 'key_expiring',
      subject: id,
      message: `Key ${nameOf(key)} ends at ${new Date(expiresAtSeconds * 1000).toISOString()}.`,
      hint: `Rotate it: \`dropgate keys rotate ${id} --overlap 24h\`.`,
    },
  ];
}

function nameOf({ id, name }: Pick<KeyRecord, 'id' | 'name'>): string {
  return `${name} (${id})`;
}
