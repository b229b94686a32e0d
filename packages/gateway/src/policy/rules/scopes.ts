import type { DecisionRecord, Rule } from '../../protocol/policy.ts';
import { globCovers, globsOverlap, matchesGlob } from './glob.ts';

/** What a key is limited to; null is no limit. */
export type Scopes = {
  readonly namespaces: readonly string[] | null;
  /** Globs over model ids. */
  readonly agents: readonly string[] | null;
};

/** Whether an agent lies within the scopes. */
export function isInScope({ namespaces, agents }: Scopes, modelId: string): boolean {
  if (namespaces && !namespaces.includes(modelId.split('/', 1)[0] ?? '')) return false;
  return agents === null || agents.some((pattern) => matchesGlob(pattern, modelId));
}

/** Whether every agent that fits a glob lies within the scopes. */
export function scopesCover({ namespaces, agents }: Scopes, glob: string): boolean {
  const isInNamespace = namespaces?.some((namespace) => globCovers(`${namespace}/*`, glob)) ?? true;
  return isInNamespace && (agents?.some((pattern) => globCovers(pattern, glob)) ?? true);
}

/** Whether a key is limited at all. */
export function isScoped({ namespaces, agents }: Scopes): boolean {
  return namespaces !== null || agents !== null;
}

/** What somebody with scopes may see of the rules and of what was decided by them. */
export type ScopeView = {
  /** Nothing is out of reach. */
  readonly isWhole: boolean;
  /** Whether a rule can concern an agent within the scopes. */
  readonly showsRule: (rule: SeenRule) => boolean;
  /** Whether a decision is about an agent within the scopes. */
  readonly showsDecision: (decision: DecisionRecord) => boolean;
};

/** A rule, or what an override has of one. */
export type SeenRule = Pick<Rule, 'action' | 'principals' | 'resources' | 'source'>;

/** The view of a key: all of it where it has no scopes. */
export function createScopeView(scopes: Scopes): ScopeView {
  const { namespaces, agents } = scopes;
  const isWhole = !isScoped(scopes);
  const reachesSome = (pattern: string) =>
    (namespaces?.some((name) => globsOverlap(`${name}/*`, pattern)) ?? true) &&
    (agents?.some((scope) => globsOverlap(scope, pattern)) ?? true);

  return {
    isWhole,
    showsRule: (rule) =>
      isWhole || rule.source === 'built_in' || agentPatternsOf(rule).some(reachesSome),
    showsDecision(decision) {
      const agentId = agentOf(decision);
      return isWhole || (agentId !== null && isInScope(scopes, agentId));
    },
  };
}

/** Globs over the model ids of the agents that a rule can be about. */
function agentPatternsOf({ action, principals, resources }: SeenRule): readonly string[] {
  switch (action) {
    case 'list_agents':
    case 'run_agent':
    case 'read_runs':
    case 'raise_limits':
    case 'answer_approvals':
      return resources.map((resource) => resource.toLowerCase());
    // Here the agent is who asks; a rule about keys or about all speaks of every agent.
    case 'call_tool':
    case 'load_module':
      return principals.map((principal) =>
        principal.startsWith('agent:') ? principal.slice('agent:'.length).toLowerCase() : '*',
      );
    case 'administer':
      return [];
    default:
      return action satisfies never;
  }
}

function agentOf({ agentId, action, resource }: DecisionRecord): string | null {
  const isOfAgent = [
    'run_agent',
    'list_agents',
    'read_runs',
    'raise_limits',
    'answer_approvals',
  ].includes(action);
  return agentId ?? (isOfAgent ? resource : null);
}
