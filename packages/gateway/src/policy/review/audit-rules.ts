import {
  type KeyPrincipal,
  type Principal,
  type Question,
  type Rule,
  roles,
} from '../../protocol/policy.ts';
import type { AuditFinding } from '../../protocol/security/audit.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import { principalOfKey } from '../authorize.ts';
import { isUsable } from '../keys/known-keys.ts';
import { globCovers } from '../rules/glob.ts';
import { compileMatch, resourcePatterns } from '../rules/rule-match.ts';
import type { AuditFacts } from './audit-facts.ts';

/** Rules of the settings without effect: over, about nothing that is known, or never heard. */
export function auditRules(facts: AuditFacts): AuditFinding[] {
  const { rules } = facts.rules;
  return rules
    .filter(({ source }) => source === 'config')
    .flatMap((rule) => {
      if ((rule.expiresAtSeconds ?? Number.POSITIVE_INFINITY) <= facts.nowSeconds) {
        return [finding('rule_expired', rule, 'is over')];
      }
      if (!isUnknowable(rule, facts) && !questionsFor(rule, facts).some(compileMatch(rule))) {
        return [finding('rule_fits_nothing', rule, 'fits no key and no agent that is known')];
      }
      const shadow = shadowOf(rule, rules);
      if (!shadow) return [];
      const place = `${shadow.id} (tier ${shadow.tier}) is heard before it and fits the same`;
      return [finding('rule_shadowed', rule, `never decides, because ${place}`)];
    });
}

function finding(code: string, { id }: Rule, what: string): AuditFinding {
  return {
    severity: 'warning',
    code,
    subject: id,
    message: `Rule ${id} ${what}.`,
    hint: 'Correct it in gateway.yaml, or remove it.',
  };
}

/** Where no agent has loaded yet, rules about what agents do are right until proven otherwise. */
function isUnknowable({ action }: Rule, { agents }: AuditFacts): boolean {
  return agents.length === 0 && (action === 'call_tool' || action === 'load_module');
}

/** What could be asked that a rule might fit: of everybody known, about all that is known or that it names itself. */
function* questionsFor(rule: Rule, facts: AuditFacts): Generator<Question> {
  const { action, resources } = rule;
  const { agents } = facts;
  const named = resources.map((pattern) => pattern.replaceAll('*', 'x'));
  const keys = keysOf(rule, facts);
  const ids = agents.map(({ id }) => id);
  switch (action) {
    case 'list_agents':
    case 'run_agent':
    case 'read_runs':
    case 'raise_limits':
    case 'answer_approvals':
      yield* ask(action, keys, ids.length > 0 ? ids : named.map((text) => text.toLowerCase()));
      break;
    case 'administer':
      yield* ask(action, keys, named);
      break;
    case 'call_tool':
      // Tools of MCP servers are known to nobody before they are called.
      for (const id of ids) {
        const callers = keys.map((key) => ({ type: 'agent', id, key }) as const);
        yield* ask(action, callers, named);
      }
      break;
    case 'load_module': {
      const hashes = named.filter((text) => text.startsWith('sha256:'));
      for (const { id, modulePath } of agents) {
        yield* ask(action, [{ type: 'agent', id }], [modulePath, ...hashes]);
      }
      break;
    }
    default:
      action satisfies never;
  }
}

function* ask(
  action: Question['action'],
  principals: readonly Principal[],
  about: readonly string[],
): Generator<Question> {
  for (const principal of principals) {
    for (const resource of about) yield { principal, action, resource };
  }
}

/**
 * The keys that can be used, one of each role, and the callers with a token that the rule names: a rule about a role, or
 * about somebody who may come, is right before they do.
 */
function keysOf({ principals }: Rule, { keys, nowSeconds }: AuditFacts): KeyPrincipal[] {
  const scopes = { namespaces: null, agents: null };
  const named = principals.filter(isOfTokens).map((pattern) => pattern.replaceAll('*', 'x'));
  return [
    ...named.map((id) => ({ type: 'key', id, name: id, role: 'caller', ...scopes }) as const),
    ...roles.map((role) => ({ type: 'key', id: 'key_', name: '', role, ...scopes }) as const),
    ...keys.filter((key) => isUsable(key, nowSeconds)).map(principalOfKey),
  ];
}

/**
 * A rule that fits whatever another fits and is heard before it, so that the other never decides; null where none is.
 * Finds what one lasting rule alone covers, pattern by pattern; several that cover it together are not noticed.
 *
 * @param inOrder - All rules in the order they are heard, the one in question among them.
 */
function shadowOf(rule: Rule, inOrder: readonly Rule[]): Rule | null {
  for (const other of inOrder) {
    if (other === rule) return null;
    if (other.expiresAtSeconds === undefined && covers(other, rule)) return other;
  }
  return null;
}

/** A rule with a condition or an exception may leave out anything. */
function covers(outer: Rule, inner: Rule): boolean {
  const isWhole =
    outer.when === undefined &&
    outer.exceptPrincipals === undefined &&
    outer.exceptResources === undefined &&
    outer.provenances === undefined;
  return (
    isWhole &&
    outer.action === inner.action &&
    everyCovered(inner.principals, outer.principals, coversPrincipal) &&
    everyCovered(
      resourcePatterns(inner, inner.resources),
      resourcePatterns(outer, outer.resources),
      globCovers,
    )
  );
}

function everyCovered(
  inner: readonly string[],
  outer: readonly string[],
  coversOne: (outer: string, inner: string) => boolean,
): boolean {
  return inner.every((pattern) => outer.some((candidate) => coversOne(candidate, pattern)));
}

// Keys, tokens, roles and agents are patterns of different kinds: only `*` alone stands for all of them.
function coversPrincipal(outer: string, inner: string): boolean {
  if (/^\*+$/.test(outer) || outer === inner) return true;
  if (outer.startsWith('agent:') && inner.startsWith('agent:')) {
    return globCovers(outer.toLowerCase(), inner.toLowerCase());
  }
  const isOfKeys = ![outer, inner].some((pattern) => /^(role|agent):/.test(pattern));
  return isOfKeys && isOfTokens(outer) === isOfTokens(inner) && globCovers(outer, inner);
}
