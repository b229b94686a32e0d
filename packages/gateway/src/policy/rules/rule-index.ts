import type { Question, Rule } from '../../protocol/policy.ts';
import { resourcePatterns } from './rule-match.ts';

/** Rules of one action, found by what they name, so that a question meets only those that could fit it. */
export type RuleIndex<Ranked> = {
  readonly byName: ReadonlyMap<Handle['by'], NamedRules<Ranked>>;
  /** Those that name nothing in full. */
  readonly others: readonly Ranked[];
};

/** Rules by the text that finds them, and how long those texts are. */
type NamedRules<Ranked> = {
  readonly rules: ReadonlyMap<string, readonly Ranked[]>;
  readonly lengths: ReadonlySet<number>;
};

/** Anything with a rule and its place in the order. */
type Ranking = { readonly rule: Rule; readonly rank: number };

/**
 * A text that every question which a pattern fits has: its resource, the first part of it, its key or user or its agent’s
 * namespace, or what its resource or key begins with.
 */
type Handle = {
  readonly by: 'resource' | 'resource_root' | 'key' | 'agent_root' | Beginning;
  readonly text: string;
};

type Beginning = 'resource_beginning' | 'key_beginning';

/** A question is looked up once for each length there is. */
const MAX_BEGINNING_CHARS = 16;

/** @param rules - Of one action, in order. */
export function indexRules<Ranked extends Ranking>(rules: readonly Ranked[]): RuleIndex<Ranked> {
  const byName = new Map<Handle['by'], { rules: Map<string, Ranked[]>; lengths: Set<number> }>();
  const others: Ranked[] = [];
  for (const ranked of rules) {
    const handles = handlesOf(ranked.rule);
    if (handles === null) others.push(ranked);
    for (const { by, text } of handles ?? []) {
      const { rules: texts, lengths } = byName.get(by) ?? { rules: new Map(), lengths: new Set() };
      byName.set(by, { rules: texts, lengths: lengths.add(text.length) });
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
    const named = typeof text === 'string' ? byName.get(by)?.rules.get(text) : undefined;
    if (named) lists.push(named);
  };
  const addBeginnings = (by: Beginning, text: string | undefined) => {
    for (const length of byName.get(by)?.lengths ?? []) add(by, text?.slice(0, length));
  };
  for (const name of [resource, ...(aliases ?? [])]) {
    add('resource', name);
    addBeginnings('resource_beginning', name);
  }
  add('resource_root', rootOf(resource));
  const key = principal.type === 'key' ? principal : principal.key;
  for (const name of [key?.id, key?.name, key?.user?.principal]) {
    add('key', name);
    addBeginnings('key_beginning', name);
  }
  if (principal.type === 'agent') add('agent_root', rootOf(principal.id));
  return lists.length > 1 ? lists.reduce(merge) : (lists[0] ?? []);
}

/** Where a rule is to be found: under all of these; null for everywhere. What narrows most is tried first. */
function handlesOf(rule: Rule): readonly Handle[] | null {
  const patterns = resourcePatterns(rule, rule.resources);
  const resources = handlesFor(patterns, resourceHandle);
  if (resources?.every(({ by }) => by === 'resource')) return resources;
  return (
    handlesFor(rule.principals, principalHandle) ??
    resources ??
    handlesFor(rule.principals, (pattern) => principalHandle(pattern) ?? keyBeginning(pattern)) ??
    handlesFor(
      patterns,
      (pattern) => resourceHandle(pattern) ?? beginning('resource_beginning', pattern),
    )
  );
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

function keyBeginning(pattern: string): Handle | null {
  return /^(agent|role):/.test(pattern) ? null : beginning('key_beginning', pattern);
}

/** What stands before the first `*`; null for nothing. */
function beginning(by: Beginning, pattern: string): Handle | null {
  const text = pattern.slice(0, Math.min(pattern.indexOf('*'), MAX_BEGINNING_CHARS));
  return text === '' ? null : { by, text };
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
