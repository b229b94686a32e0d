import { fill, text } from '../../../strings/text.ts';

type TierText = { readonly title: string; readonly hint: string };

const tierTexts: Readonly<Record<string, TierText>> = text.security.tiers;

/** What a tier is called, and what it is for. */
export function tierText(tier: number): TierText {
  return tierTexts[tier] ?? { title: fill(text.security.tierName, { tier }), hint: '' };
}

/** A tier in a sentence: `tier 3: Denials of gateway.yaml`. */
export function tierOf(tier: number): string {
  return fill(text.security.tierOf, { tier, title: tierText(tier).title });
}

/** Several patterns as one line. */
export function joined(patterns: readonly string[]): string {
  return patterns.join(', ');
}
