import type { Usage } from '../../protocol/run.ts';

/** Longest `usage` object that is looked at; OpenAI's is some 300 bytes. */
const MAX_USAGE_LENGTH = 8192;
const KEY = '"usage"';

export type AnswerMeter = {
  /** Takes the next piece of an answer (as latin1), cut anywhere. */
  read(piece: string): void;
  /** The last usage seen so far, or null. Counts of a stream are cumulative. */
  usage(): Usage | null;
};

/**
 * Finds the token counts in an answer of either API, whole or streamed, as the bytes pass by.
 * It parses nothing but `usage` objects. A model's own text cannot be mistaken for one: quotes
 * inside a JSON string are escaped, so `"usage":{` is always a real key.
 */
export function createAnswerMeter(): AnswerMeter {
  let pending = '';
  let last: Usage | null = null;

  return {
    usage: () => last,
    read(piece) {
      const text = pending + piece;
      let at = text.indexOf(KEY);
      while (at >= 0) {
        const found = usageObject(text, at + KEY.length);
        if (found === 'cut_off') {
          pending = text.length - at > MAX_USAGE_LENGTH ? '' : text.slice(at);
          return;
        }
        if (found) last = toUsage(found) ?? last;
        at = text.indexOf(KEY, at + KEY.length);
      }
      pending = text.slice(-(KEY.length - 1));
    },
  };
}

/** The flat-braced object that follows a key; `cut_off` where the text ends before it does. */
function usageObject(text: string, from: number): string | 'cut_off' | null {
  const start = /\s*:\s*/y;
  start.lastIndex = from;
  if (!start.test(text)) return /^\s*$/.test(text.slice(from, from + 100)) ? 'cut_off' : null;
  const begin = start.lastIndex;
  if (begin >= text.length) return 'cut_off';
  if (text[begin] !== '{') return null;
  let depth = 0;
  for (let at = begin; at < Math.min(text.length, begin + MAX_USAGE_LENGTH); at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return text.slice(begin, at + 1);
  }
  return 'cut_off';
}

function toUsage(json: string): Usage | null {
  const usage = parse(json);
  const inputTokens = count(usage, 'input_tokens') ?? count(usage, 'prompt_tokens');
  const outputTokens = count(usage, 'output_tokens') ?? count(usage, 'completion_tokens');
  if (inputTokens === null && outputTokens === null) return null;
  return {
    requests: 1,
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    cachedInputTokens:
      count(usage.input_tokens_details ?? usage.prompt_tokens_details, 'cached_tokens') ?? 0,
    reasoningTokens:
      count(usage.output_tokens_details ?? usage.completion_tokens_details, 'reasoning_tokens') ??
      0,
  };
}

function parse(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function count(holder: unknown, key: string): number | null {
  const value: unknown =
    typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : null;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
