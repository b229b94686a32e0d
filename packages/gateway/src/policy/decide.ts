import type { Decision, Principal, Question, Role, Rule } from '../protocol/policy.ts';
import { matchesGlob } from './glob.ts';

/**
 * Answers a question from the rules. No clock and no I/O, so that a preview and a live request cannot disagree.
 * The first tier with a rule that fits decides, deny before allow in it; no rule at all denies. What lies outside
 * a key's own scopes is denied before any rule is heard.
 *
 * @param rules - In any order. Among equal ones the first decides.
 * @param nowSeconds - Unix seconds; a rule holds until its `expiresAtSeconds`, exclusive.
 */
export function decide(rules: readonly Rule[], question: Question, nowSeconds: number): Decision {
  if (!isWithinScopes(question)) return { answer: 'deny', rule: outsideScopes(question) };
  let deciding: Rule | null = null;
  for (const rule of rules) {
    const isHeard = deciding === null || comesBefore(rule, deciding);
    if (isHeard && matches(rule, question, nowSeconds)) deciding = rule;
  }
  return deciding ? { answer: deciding.effect, rule: deciding } : { answer: 'deny', rule: null };
}

function comesBefore(rule: Rule, other: Rule): boolean {
  if (rule.tier !== other.tier) return rule.tier < other.tier;
  return rule.effect === 'deny' && other.effect === 'allow';
}

function matches(rule: Rule, question: Question, nowSeconds: number): boolean {
  return (
    rule.action === question.action &&
    nowSeconds < (rule.expiresAtSeconds ?? Number.POSITIVE_INFINITY) &&
    rule.resources.some((pattern) => matchesGlob(pattern, question.resource)) &&
    rule.principals.some((pattern) => matchesPrincipal(pattern, question.principal, rule.effect))
  );
}

function matchesPrincipal(pattern: string, principal: Principal, effect: Rule['effect']): boolean {
  if (principal.type === 'agent') return matchesGlob(pattern, `agent:${principal.id}`);
  if (pattern.startsWith('role:')) return matchesRole(pattern.slice(5), principal.role, effect);
  return matchesGlob(pattern, principal.id) || matchesGlob(pattern, principal.name);
}

const ladder: readonly Role[] = ['caller', 'operator', 'admin'];

// What a role may do, the roles above it may too; what is denied to a role is not thereby denied to those above it.
function matchesRole(named: string, role: Role, effect: Rule['effect']): boolean {
  if (effect === 'deny' || !ladder.includes(role)) return named === role;
  const rung = ladder.indexOf(named as Role);
  return rung >= 0 && rung <= ladder.indexOf(role);
}

/** Scopes speak of agents; a resource of another kind (a route, a tool) is for the rules alone. */
function isWithinScopes({ principal, action, resource }: Question): boolean {
  if (principal.type === 'agent') return true;
  if (action !== 'list_agents' && action !== 'run_agent') return true;
  const [namespace = ''] = resource.split('/', 1);
  return (
    (principal.namespaces === null || principal.namespaces.includes(namespace)) &&
    (principal.agents === null ||
      principal.agents.some((pattern) => matchesGlob(pattern, resource)))
  );
}

function outsideScopes(question: Question): Rule {
  return {
    id: 'key-scopes',
    effect: 'deny',
    action: question.action,
    principals: question.principal.type === 'key' ? [question.principal.id] : [],
    resources: [question.resource],
    tier: 0,
    source: 'built_in',
    reason: 'The key is limited to other namespaces or agents.',
  };
}
