import {
  cumulativeRoles,
  type Principal,
  type Question,
  type Rule,
} from '../../protocol/policy.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import { isOfUsers } from '../../protocol/security/user-principal.ts';
import { compileGlobs, type GlobTest } from './glob.ts';

/** Whether a rule fits a question in all but its `when` and its expiry. */
export type RuleMatch = (question: Question) => boolean;

/** Prepares a rule for being compared often. Model ids are lower case, so patterns of them are taken as such. */
export function compileMatch(rule: Rule): RuleMatch {
  const { effect, exceptPrincipals, exceptResources, provenances } = rule;
  const principals = compilePrincipals(rule.principals, effect);
  const resources = compileGlobs(resourcePatterns(rule, rule.resources));
  // Whom an exception names keeps what it would have had, so it is read as an allow.
  const spared = exceptPrincipals && compilePrincipals(exceptPrincipals, 'allow');
  const untouched = exceptResources && compileGlobs(resourcePatterns(rule, exceptResources));
  return (question) =>
    fitsResource(resources, question) &&
    principals(question.principal) &&
    !spared?.(question.principal) &&
    !(untouched && fitsResource(untouched, question)) &&
    (provenances === undefined || fitsProvenance(rule, question)) &&
    (rule.ofOwn === undefined || question.isOwn === true);
}

function fitsResource(test: GlobTest, { resource, aliases }: Question): boolean {
  return test(resource) || (aliases?.some(test) ?? false);
}

// Where nobody knows where a tool comes from, the careful answer is the one that grants less.
function fitsProvenance({ provenances, effect }: Rule, { context }: Question): boolean {
  const provenance = context?.provenance;
  if (provenance === undefined) return effect === 'deny';
  return provenances?.includes(provenance) ?? true;
}

/** The patterns of a rule’s resources as questions spell them. */
export function resourcePatterns(
  { action }: Pick<Rule, 'action'>,
  patterns: readonly string[],
): readonly string[] {
  const isOfAgents = ['run_agent', 'list_agents', 'answer_approvals'].includes(action);
  return isOfAgents ? patterns.map((pattern) => pattern.toLowerCase()) : patterns;
}

/** Whether one of the patterns fits. */
export type PrincipalTest = (principal: Principal) => boolean;

/** Prepares patterns of principals. What an allow names a role for, the roles above it have too. */
export function compilePrincipals(
  patterns: readonly string[],
  effect: Rule['effect'],
): PrincipalTest {
  if (patterns.some((pattern) => /^\*+$/.test(pattern))) return () => true;
  const after = (prefix: string) =>
    patterns
      .filter((pattern) => pattern.startsWith(prefix))
      .map((pattern) => pattern.slice(prefix.length));
  const isAgent = compileGlobs(after('agent:').map((pattern) => pattern.toLowerCase()));
  const roles = new Set(after('role:').flatMap((role) => rolesOf(role, effect)));
  const isToken = compileGlobs(patterns.filter(isOfTokens));
  const isUser = compileGlobs(patterns.filter(isOfUsers));
  const isKey = compileGlobs(
    patterns.filter((pattern) => !/^(agent|role|oidc|user):/.test(pattern)),
  );
  return (principal) => {
    if (principal.type === 'agent' && isAgent(principal.id)) return true;
    const key = principal.type === 'key' ? principal : principal.key;
    if (key === undefined) return false;
    if (roles.has(key.role)) return true;
    if (key.user && isUser(key.user.principal)) return true;
    // A glob for keys (`*-bot`) was not written for subjects, which others may choose.
    return isOfTokens(key.id) ? isToken(key.id) : isKey(key.id) || isKey(key.name);
  };
}

// What a role may do, the roles above it may too; what is denied to a role is not thereby denied to those above it.
function rolesOf(named: string, effect: Rule['effect']): readonly string[] {
  const ranks: readonly string[] = cumulativeRoles;
  const rank = ranks.indexOf(named);
  return effect === 'allow' && rank >= 0 ? ranks.slice(rank) : [named];
}
