import type { Finding } from '../../protocol/diagnostics.ts';
import { nearest } from '../../protocol/nearest.ts';
import { matchesGlob } from '../rules/glob.ts';
import type { SecuritySettings } from '../settings.ts';

/** What settings say of agents, as far as it can be misspelt. */
export type AgentNames = {
  /** Patterns of the section `agents`. */
  readonly patterns: readonly string[];
  readonly security: Pick<SecuritySettings, 'namespaces' | 'rules'>;
};

/**
 * What settings name and no agent is: a pattern of `agents` that none fits, and namespaces of the section `security` in
 * which there is none. Nothing while there are no agents.
 *
 * @param file - The settings file, as the place.
 */
export function unmatchedNames(
  { patterns, security }: AgentNames,
  agentIds: readonly string[],
  file: string,
): Finding[] {
  if (agentIds.length === 0) return [];
  const known = [...new Set(agentIds.map(namespaceOf))];
  const unfit = [...new Set(patterns)].filter(
    (pattern) => !agentIds.some((id) => matchesGlob(pattern.toLowerCase(), id)),
  );
  const finding = (message: string, guess: string | null): Finding => ({
    stage: 'metadata',
    code: 'names_no_agent',
    severity: 'warning',
    message: guess === null ? message : `${message} Did you mean ${guess}?`,
    file,
    hint: 'Correct it; where the agent is still to come, leave it.',
  });
  return [
    ...unfit.map((pattern) => {
      const message = `agents: ${pattern} fits no agent, so what it gives is given to none.`;
      return finding(message, nearest(pattern, agentIds) ?? guessOf(pattern, known));
    }),
    ...namedNamespaces(security)
      .filter(({ name }) => !name.includes('*') && !known.includes(name))
      .map(({ place, name }) => {
        const message = `security: ${place} names the namespace ${name}, in which there is no agent.`;
        return finding(message, nearest(name, known));
      }),
  ];
}

/**
 * Namespaces of a key's scopes in which there is no agent of those that are known, as sentences; nothing while none is
 * known.
 */
export function unknownScopes(
  scopes: { readonly namespaces?: readonly string[]; readonly agents?: readonly string[] },
  agentIds: readonly string[],
): string[] {
  const { namespaces = [], agents = [] } = scopes;
  const known = [...new Set(agentIds.map(namespaceOf))];
  const asked = [...namespaces, ...agents.map((pattern) => pattern.split('/', 1)[0] ?? '')];
  const unknown = [...new Set(asked)].filter(
    (name) => known.length > 0 && !name.includes('*') && !known.includes(name.toLowerCase()),
  );
  return unknown.map((name) => {
    const guess = nearest(name, known);
    const meant = guess === null ? '' : ` Did you mean ${guess}?`;
    return `No agent is in the namespace ${name} so far.${meant}`;
  });
}

/** The same pattern in a namespace that there is. */
function guessOf(pattern: string, known: readonly string[]): string | null {
  const [namespace = '', ...rest] = pattern.toLowerCase().split('/');
  const guess = rest.length > 0 && !known.includes(namespace) ? nearest(namespace, known) : null;
  return guess === null ? null : [guess, ...rest].join('/');
}

type Named = { readonly place: string; readonly name: string };

function namedNamespaces({ namespaces, rules }: AgentNames['security']): Named[] {
  const ofDefaults = Object.keys(namespaces).map((name) => ({
    place: `namespaces.${name}`,
    name: name.toLowerCase(),
  }));
  const ofRules = rules.flatMap(({ id, action, principals, resources }) => {
    const isOfAgents = action === 'run_agent' || action === 'list_agents';
    const agents = principals.flatMap((each) => (/^agent:/.test(each) ? [each.slice(6)] : []));
    const named = [...(isOfAgents ? resources : []), ...agents].filter((id) => id.includes('/'));
    return [...new Set(named.map(namespaceOf))].map((name) => ({ place: `rule ${id}`, name }));
  });
  return [...ofDefaults, ...ofRules];
}

function namespaceOf(modelId: string): string {
  return modelId.toLowerCase().split('/', 1)[0] ?? '';
}
