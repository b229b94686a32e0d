import { type Effect, type Rule, tiers } from '../../protocol/policy.ts';
import { provenances } from '../../protocol/run-events.ts';
import type { RunLimits } from '../../protocol/usage/run-limits.ts';

/** What holds in a namespace where no rule says otherwise. */
export type NamespaceSettings = {
  /** Principals, or everybody, or nobody. */
  readonly runAgents?: Effect | readonly string[];
  readonly nativeTools?: Effect;
  readonly tools?: readonly string[];
  /** Gateway tools that its agents are given; whether they may call them is for the rules. */
  readonly offerTools?: readonly string[];
  readonly modules?: { readonly allow: readonly string[] };
  /** Of each run of its agents. */
  readonly limits?: RunLimits;
};

/** The defaults of namespaces as rules of tier 6. What a namespace says nothing about is left to the built-in rules. */
export function namespaceRules(
  namespaces: Readonly<Record<string, NamespaceSettings>>,
): readonly Rule[] {
  return Object.entries(namespaces).flatMap(([name, settings]) => [
    ...runRules(name, settings),
    ...nativeToolRules(name, settings),
    ...toolRules(name, settings),
    ...moduleRules(name, settings),
  ]);
}

function runRules(name: string, { runAgents }: NamespaceSettings): Rule[] {
  if (runAgents === undefined) return [];
  const about = { action: 'run_agent', resources: [`${name}/*`] } as const;
  const id = `namespace:${name}:run_agents`;
  if (runAgents === 'deny') return [rule({ ...about, id, effect: 'deny', principals: ['*'] })];
  // Not `*`: an open namespace is open to callers, and not to keys that may only scrape.
  if (runAgents === 'allow') {
    return [rule({ ...about, id, effect: 'allow', principals: ['role:caller'] })];
  }
  return allowOnly(id, { ...about, principals: ['*'] }, { principals: runAgents });
}

function nativeToolRules(name: string, { nativeTools }: NamespaceSettings): Rule[] {
  if (nativeTools === undefined) return [];
  const about = { action: 'call_tool', provenances: ['native'], resources: ['*'] } as const;
  const id = `namespace:${name}:native_tools`;
  return [rule({ ...about, id, effect: nativeTools, principals: [`agent:${name}/*`] })];
}

function toolRules(name: string, { tools }: NamespaceSettings): Rule[] {
  if (tools === undefined) return [];
  const about = {
    action: 'call_tool',
    provenances: provenances.filter((provenance) => provenance !== 'native'),
    principals: [`agent:${name}/*`],
    resources: ['*'],
  } as const;
  return allowOnly(`namespace:${name}:tools`, about, { resources: tools });
}

function moduleRules(name: string, { modules }: NamespaceSettings): Rule[] {
  if (modules === undefined) return [];
  const about = {
    action: 'load_module',
    principals: [`agent:${name}/*`],
    resources: ['*'],
  } as const;
  return allowOnly(`namespace:${name}:modules`, about, { resources: modules.allow });
}

type About = Pick<Rule, 'action' | 'principals' | 'resources' | 'provenances'>;

/** Two rules: one allows what is listed, the other denies the rest. */
function allowOnly(
  id: string,
  about: About,
  listed: Partial<Pick<Rule, 'principals' | 'resources'>>,
): Rule[] {
  const rest = {
    ...(listed.principals && { exceptPrincipals: listed.principals }),
    ...(listed.resources && { exceptResources: listed.resources }),
  };
  return [
    rule({ ...about, ...listed, id, effect: 'allow' }),
    rule({ ...about, ...rest, id: `${id}:others`, effect: 'deny' }),
  ];
}

function rule(parts: Omit<Rule, 'tier' | 'source'>): Rule {
  return {
    ...parts,
    tier: tiers.namespace,
    source: 'namespace',
    reason: 'The default of the namespace.',
  };
}
