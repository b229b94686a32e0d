import { type KeyPrincipal, type Question, type Rule, tiers } from '../../protocol/policy.ts';
import { isInScope, isScoped } from './scopes.ts';

/**
 * The ceiling over all rules: a key for metrics may scrape and nothing else, and no key reaches beyond its own scopes.
 * Scopes speak of agents: of the routes they leave those that tell of agents within them only.
 *
 * @returns A rule that denies, where the question lies beyond; else null.
 */
export function beyondCeiling(question: Question): Rule | null {
  const { principal } = question;
  const key = principal.type === 'key' ? principal : principal.key;
  if (!key) return null;
  if (key.role === 'metrics' && !isScrape(question)) {
    return ceiling('key-role', 'A key for metrics may read metrics and nothing else.', question);
  }
  if (isBeyondScopes(key, question)) {
    const reason =
      question.action === 'administer'
        ? 'This is about all agents, and the key is limited to some.'
        : 'The key is limited to other namespaces or agents.';
    return ceiling('key-scopes', reason, question);
  }
  return null;
}

function isScrape({ action, resource }: Question): boolean {
  return action === 'administer' && (resource === '/metrics' || resource === '/admin/metrics');
}

function isBeyondScopes(key: KeyPrincipal, { principal, action, resource }: Question): boolean {
  if (action === 'administer') return isScoped(key) && !tellsByScopes(resource);
  const isOfAgents = action === 'list_agents' || action === 'run_agent';
  if (principal.type === 'key') return isOfAgents && !isInScope(key, resource);
  // A preview that names no agent asks for `*`.
  return principal.id !== '*' && !isInScope(key, principal.id);
}

/** Whether a route answers each key about what its scopes reach. One that is not named here is about all agents. */
function tellsByScopes(route: string): boolean {
  if (route.startsWith('/security/')) return route !== '/security/refresh';
  return route === '/admin/agents' || route === '/admin/runs';
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
