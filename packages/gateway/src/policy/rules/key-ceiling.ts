import {
  type Action,
  type KeyPrincipal,
  type Question,
  type Rule,
  tiers,
} from '../../protocol/policy.ts';
import type { Administration } from './administration.ts';
import { compileGlobs, type GlobTest } from './glob.ts';
import { isInScope, isScoped } from './scopes.ts';

/** The ceiling over all rules: a rule that denies, where a question lies beyond it; else null. */
export type Ceiling = (question: Question) => Rule | null;

/**
 * A key for metrics may scrape and nothing else, and no key reaches beyond its own scopes. Scopes speak of agents: of
 * what is administered they leave what tells of agents within them only.
 */
export function createCeiling({ scrapers, own }: Administration): Ceiling {
  const tests = { isForScrapers: compileGlobs(scrapers), isOwn: compileGlobs(own) };
  return (question) => beyondCeiling(tests, question);
}

const actionsOnAgents: readonly Action[] = [
  'list_agents',
  'run_agent',
  'read_runs',
  'raise_limits',
  'answer_approvals',
];

type Tests = {
  readonly isForScrapers: GlobTest;
  /** Whether a resource answers each key about what its scopes reach. */
  readonly isOwn: GlobTest;
};

function beyondCeiling({ isForScrapers, isOwn }: Tests, question: Question): Rule | null {
  const { principal } = question;
  const key = principal.type === 'key' ? principal : principal.key;
  if (!key) return null;
  const isScrape = question.action === 'administer' && isForScrapers(question.resource);
  if (key.role === 'metrics' && !isScrape) {
    return ceiling('key-role', 'A key for metrics may read metrics and nothing else.', question);
  }
  if (isBeyondScopes(key, question, isOwn)) {
    const reason =
      question.action === 'administer'
        ? 'This is about all agents, and the key is limited to some.'
        : 'The key is limited to other namespaces or agents.';
    return ceiling('key-scopes', reason, question);
  }
  return null;
}

function isBeyondScopes(
  key: KeyPrincipal,
  { principal, action, resource }: Question,
  isOwn: GlobTest,
): boolean {
  if (action === 'administer') return isScoped(key) && !isOwn(resource);
  const isOfAgents = actionsOnAgents.includes(action);
  if (principal.type === 'key') return isOfAgents && !isInScope(key, resource);
  // A preview that names no agent asks for `*`.
  return principal.id !== '*' && !isInScope(key, principal.id);
}

function ceiling(id: string, reason: string, { principal, action, resource }: Question): Rule {
  return {
    id,
    effect: 'deny',
    action,
    principals: [principal.type === 'key' ? principal.id : (principal.key?.id ?? principal.id)],
    resources: [resource],
    tier: tiers.ceiling,
    source: 'built_in',
    reason,
  };
}
