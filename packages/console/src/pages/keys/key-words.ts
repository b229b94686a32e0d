import type { Key } from '../../api/keys.ts';
import { fill, text } from '../../strings/text.ts';
import { short } from '../../ui/data/numbers.ts';

/** What a key reaches, on one line. */
export function scopesInShort({ namespaces, agents }: Key): string {
  if (namespaces === null && agents === null) return text.keys.everything;
  const ofNamespaces = namespaces?.map((name) => `${name}/*`).join(', ');
  const ofAgents = agents?.join(', ');
  return [ofNamespaces, ofAgents].filter(Boolean).join(' ∩ ') || text.common.none;
}

/** How much a key may use, on one line. */
export function limitsInShort({ limits }: Key): string {
  const said = limitNames.flatMap((name) => {
    const value = limits[name];
    return value === null ? [] : [fill(text.keys.shortLimits[name], { value: short(value) })];
  });
  return said.length === 0 ? text.keys.noLimits : said.join(', ');
}

/** Names of the limits of a key, as the gateway has them. */
export const limitNames = [
  'requests_per_minute',
  'concurrent_runs',
  'tokens_per_day',
  'tokens_per_month',
  'usd_per_day',
  'usd_per_month',
] as const;

/** The same of the limits of each of its runs. */
export const runLimitNames = [
  'max_model_calls',
  'max_tokens',
  'max_cost_usd',
  'max_tool_calls',
  'max_repeated_tool_calls',
] as const;
