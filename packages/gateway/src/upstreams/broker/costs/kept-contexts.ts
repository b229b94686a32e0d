import type { Outcome } from '../../relay/outcome.ts';

/** What a call only names and the upstream keeps, in tokens: as far as it is known, and what it may be beyond that. */
export type ContextCost = { readonly known: number; readonly unknown: number };

/** What calls named and were answered, so that what a later one only names is set aside too. */
export type KeptContexts = {
  /** What the contexts that a call names may add to what it sends. */
  readonly costOf: (upstream: string, fields: Fields) => ContextCost;
  /** Remembers how large they were, of a call that was counted. `sent` is what it sent itself. */
  readonly learn: (fields: Fields, sent: number, outcome: Outcome) => void;
};

type Fields = Readonly<Record<string, unknown>> | null;

/** Of a conversation or an earlier response whose size nobody here has seen: a long talk. */
const UNKNOWN_HISTORY_TOKENS = 32_000;

/** Of a prompt that the upstream keeps: some pages that somebody wrote. */
const UNKNOWN_PROMPT_TOKENS = 4000;

/** So many are remembered, the latest. */
const MAX_REMEMBERED = 20_000;

/** A longer id is none that an upstream made. */
const MAX_ID_LENGTH = 200;

/** Remembers nothing at first; what a gateway before it saw is unknown. */
export function createKeptContexts(): KeptContexts {
  const sizes = new Map<string, number>();
  const remember = (place: string, tokens: number) => {
    sizes.delete(place);
    sizes.set(place, tokens);
    const [oldest] = sizes.size > MAX_REMEMBERED ? sizes.keys() : [];
    if (oldest !== undefined) sizes.delete(oldest);
  };
  const raise = (place: string, tokens: number) =>
    remember(place, Math.max(tokens, sizes.get(place) ?? 0));
  return {
    costOf(upstream, fields) {
      const cost = { known: 0, unknown: 0 };
      for (const { type, id } of namedIn(fields)) {
        const size = sizes.get(placeOf(upstream, type, id));
        cost.known += size ?? 0;
        if (size === undefined) cost.unknown += unknownSize(type);
      }
      return cost;
    },
    learn(fields, sent, { upstream, usage, answerId }) {
      if (!usage) return;
      const all = usage.inputTokens + usage.outputTokens;
      if (answerId !== null && answerId.length <= MAX_ID_LENGTH)
        remember(placeOf(upstream, 'response', answerId), all);
      for (const { type, id } of namedIn(fields)) {
        if (type === 'conversation') raise(placeOf(upstream, type, id), all);
        if (type === 'prompt')
          raise(placeOf(upstream, type, id), Math.max(0, usage.inputTokens - sent));
      }
    },
  };
}

type ContextType = 'response' | 'conversation' | 'prompt';

function namedIn(fields: Fields): { readonly type: ContextType; readonly id: string }[] {
  const named: readonly (readonly [ContextType, unknown])[] = [
    ['response', fields?.previous_response_id],
    ['conversation', idOf(fields?.conversation)],
    ['prompt', idOf(fields?.prompt)],
  ];
  return named.flatMap(([type, id]) => (typeof id === 'string' && id !== '' ? [{ type, id }] : []));
}

/** Both stand as an id or as an object with one. */
function idOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'id' in value ? value.id : value;
}

function placeOf(upstream: string, type: ContextType, id: string): string {
  return `${upstream} ${type} ${id.slice(0, MAX_ID_LENGTH + 1)}`;
}

function unknownSize(type: ContextType): number {
  return type === 'prompt' ? UNKNOWN_PROMPT_TOKENS : UNKNOWN_HISTORY_TOKENS;
}
