import type { Question, Rule } from '../protocol/policy.ts';
import { resourcePatterns } from './rule-match.ts';

/** Rules of one action, found by what they name, so that a question meets only those that could fit it. */
export type RuleIndex<Ranked> = {
  readonly byName: ReadonlyMap<Handle['by'], ReadonlyMap<string, readonly Ranked[]>>;
  /** Those that name nothing in full. */
  readonly others: readonly Ranked[];
};

/** Anything with a rule and its place in the order. */
type Ranking = { readonly rule: Rule; readonly rank: number };

/** A text that every question which a pattern fits has: its resource, the first part of it, its key or its agent’s namespace. */
type Handle = {
  readonly by: 'resource' | 'resource_root' | 'key' | 'agent_root';
  readonly text: string;
};

/** @param rules - Of one action, in order. */
export function indexRules<Ranked extends Ranking>(rules: readonly Ranked[]): RuleIndex<Ranked> {
  const byName = new Map<Handle['by'], Map<string, Ranked[]>>();
  const others: Ranked[] = [];
  for (const ranked of rules) {
    const handles = handlesOf(ranked.rule);
    if (handles === null) others.push(ranked);
    for (const { by, text } of handles ?? []) {
      const texts = byName.get(by) ?? new Map<string, Ranked[]>();
      byName.set(by, texts);
      const named = texts.get(text) ?? [];
      texts.set(text, named);
      if (named.at(-1) !== ranked) named.push(ranked);
    }
  }
  return { byName, others };
}

/** The rules that could fit a question, in order, each once. */
export function candidatesIn<Ranked extends Ranking>(
  { byName, others }: RuleIndex<Ranked>,
  { principal, resource, aliases }: Question,
): readonly Ranked[] {
  const lists = others.length > 0 ? [others] : [];
  const add = (by: Handle['by'], text: string | null | undefined) => {
    const named = typeof text === 'string' ? byName.get(by)?.get(text) : undefined;
    if (named) lists.push(named);
  };
  add('resource', resource);
  for (const alias of aliases ?? []) add('resource', alias);
  add('resource_root', rootOf(resource));
  const key = principal.type === 'key' ? principal : principal.key;
  add('key', key?.id);
  add('key', key?.name);
  if (principal.type === 'agent') add('agent_root', rootOf(principal.id));
  return lists.length > 1 ? lists.reduce(merge) : (lists[0] ?? []);
}

/** Where a rule is to be found: under all of these; null for everywhere. */
function handlesOf(rule: Rule): readonly Handle[] | null {
  const resources = handlesFor(resourcePatterns(rule, rule.resources), resourceHandle);
  if (resources?.every(({ by }) => by === 'resource')) return resources;
  return handlesFor(rule.principals, principalHandle) ?? resources;
}

function handlesFor(
  patterns: readonly string[],
  handleOf: (pattern: string) => Handle | null,
): readonly Handle[] | null {
  const handles = patterns.map(handleOf);
  return handles.every((handle) => handle !== null) ? handles : null;
}

function resourceHandle(pattern: string): Handle | null {
  if (!pattern.includes('*')) return { by: 'resource', text: pattern };
  const root = rootOf(pattern);
  return root === null || root.includes('*') ? null : { by: 'resource_root', text: root };
}

function principalHandle(pattern: string): Handle | null {
  if (pattern.startsWith('role:')) return null;
  if (!pattern.startsWith('agent:')) {
    return pattern.includes('*') ? null : { by: 'key', text: pattern };
  }
  const root = rootOf(pattern.slice('agent:'.length).toLowerCase());
  return root === null || root.includes('*') ? null : { by: 'agent_root', text: root };
}

/** What stands before the first `/`; null where there is none. */
function rootOf(text: string): string | null {
  const end = text.indexOf('/');
  return end < 0 ? null : text.slice(0, end);
}

function merge<Ranked extends Ranking>(
  one: readonly Ranked[],
  other: readonly Ranked[],
): readonly Ranked[] {
  const merged: Ranked[] = [];
  let at = 0;
  for (const next of other) {
    for (let first = one[at]; first && first.rank < next.rank; first = one[++at]) {
      merged.push(first);
    }
    if (one[at]?.rank === next.rank) at++;
    merged.push(next);
  }
  for (; at < one.length; at++) merged.push(one[at] as Ranked);
  return merged;
}
