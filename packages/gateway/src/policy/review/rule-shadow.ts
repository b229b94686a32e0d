import type { Rule } from '../../protocol/policy.ts';
import { globCovers } from '../rules/glob.ts';
import { resourcePatterns } from '../rules/rule-match.ts';

/**
 * A rule that fits whatever another fits and is heard before it, so that the other never decides; null where none is.
 * Finds what one lasting rule alone covers, pattern by pattern; several that cover it together are not noticed.
 *
 * @param inOrder - All rules in the order they are heard, the one in question among them.
 */
export function shadowOf(rule: Rule, inOrder: readonly Rule[]): Rule | null {
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

// Keys, roles and agents are patterns of different kinds: only `*` alone stands for all of them.
function coversPrincipal(outer: string, inner: string): boolean {
  if (/^\*+$/.test(outer) || outer === inner) return true;
  if (outer.startsWith('agent:') && inner.startsWith('agent:')) {
    return globCovers(outer.toLowerCase(), inner.toLowerCase());
  }
  const isOfKeys = ![outer, inner].some((pattern) => /^(role|agent):/.test(pattern));
  return isOfKeys && globCovers(outer, inner);
}
