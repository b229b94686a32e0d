import type { Decision, DecisionFilters } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import type { SecuritySearch } from '../search.ts';

const minuteMs = 60_000;

/** Filters of the address as the gateway takes them. Times are to the minute, so that a list that is shown is not another one each second. */
export function filtersOf(search: SecuritySearch): DecisionFilters {
  const { key, user, agent, action, effect, tool, rule, request, since } = search;
  return {
    ...(key ? { key_id: key } : {}),
    ...(user ? { user } : {}),
    ...(agent ? { agent: agent.toLowerCase() } : {}),
    ...(isOneOf(text.security.actions, action) ? { action } : {}),
    ...(isEffect(effect) ? { effect } : {}),
    ...(tool ? { tool } : {}),
    ...(rule ? { rule } : {}),
    ...(request ? { request_id: request } : {}),
    ...(since ? sinceOf(since) : {}),
  };
}

/** Whether what administration was allowed is left out: a console that is open asks for something every few seconds. */
export function hidesAdministration({ action, request, rule }: SecuritySearch): boolean {
  return !action && !request && !rule;
}

/** Whether a decision is one of those that are left out. */
export function isAllowedAdministration({ action, effect }: Decision): boolean {
  return action === 'administer' && effect === 'allow';
}

/** @param since - Seconds back from now, or an ISO 8601 time. */
function sinceOf(since: string): Pick<DecisionFilters, 'since'> {
  const seconds = Number(since);
  if (!Number.isFinite(seconds)) return { since };
  const nowMs = Math.ceil(Date.now() / minuteMs) * minuteMs;
  return { since: new Date(nowMs - seconds * 1000).toISOString() };
}

function isOneOf<Names extends object>(
  names: Names,
  written: string | undefined,
): written is Extract<keyof Names, string> {
  return written !== undefined && Object.hasOwn(names, written);
}

function isEffect(written: string | undefined): written is 'allow' | 'deny' | 'require_approval' {
  return ['allow', 'deny', 'require_approval'].includes(written ?? '');
}
