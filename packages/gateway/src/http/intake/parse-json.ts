import { GatewayError } from '../../errors.ts';
import { decodeText } from '../../protocol/text/decode-text.ts';

/** Deepest nesting of a body. JSON.stringify overflows the stack at some thousand levels, JSON.parse takes any. */
const maxDepth = 256;

/** Most values in a body. Small ones take a hundred times their text in memory: 24 MB of `{},` ended a gateway. */
const mostValues = 50_000;

/**
 * A request body as a value; nothing for an empty one.
 *
 * @throws GatewayError `invalid_json` where it is no UTF-8, or as `parseJson`.
 */
export function parseBody(body: Uint8Array, maxValues = mostValues): unknown {
  const decoded = decodeText(body);
  if (decoded.type === 'text') return parseJson(decoded.text, maxValues);
  throw new GatewayError('invalid_json', `The body ${decoded.reason}. Send JSON in UTF-8.`);
}

/**
 * The text of a request body as a value; nothing for an empty one.
 *
 * @throws GatewayError `invalid_json` where it is no JSON, nested too deeply, made of too many values, or has halves of
 *   characters: no UTF-8 can say them, which is what upstreams and Python take.
 */
export function parseJson(text: string, maxValues = mostValues): unknown {
  if (text === '') return undefined;
  const excess = excessOf(text, maxValues);
  if (excess) throw new GatewayError('invalid_json', excess);
  const half = halfOf(text);
  if (half !== null) {
    const message = `The body has half of a character (${half}): a text was cut within an emoji, or the like. Cut it between characters.`;
    throw new GatewayError('invalid_json', message);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('invalid_json', `The body is not valid JSON${place(cause)}.`, { cause });
  }
}

/** Looks at the text, because parsing 30 MB of `[` already takes more memory than there is. */
function excessOf(text: string, maxValues: number): string | null {
  if (text.length < 2 * maxDepth) return null;
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        break;
      case openBrace:
      case openBracket:
        depth += 1;
        values += 1;
        if (depth > maxDepth) return `The body is nested deeper than ${maxDepth} levels.`;
        break;
      case closeBrace:
      case closeBracket:
        depth -= 1;
        break;
      case comma:
        values += 1;
        break;
    }
    if (values > maxValues) return `The body is made of more than ${maxValues} values. Send less.`;
  }
  return null;
}

/** The first escape that stands for half of a character; null for none. */
function halfOf(text: string): string | null {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return null;
  for (const [found] of text.matchAll(escapes)) if (found.length === 6) return found;
  return null;
}

/** Backslashes that are escaped, whole characters of two escapes, and halves. */
const escapes =
  /\\\\|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[dD][89a-fA-F][\da-fA-F]{2}/g;

const quote = 34;
const comma = 44;
const backslash = 92;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/** Index of the closing quote; texts and images are most of a body, so it is searched natively. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === backslash) first -= 1;
  return (at - first) % 2 === 1;
}

function place(cause: unknown): string {
  const position = cause instanceof Error && /at position (\d+)/.exec(cause.message)?.[1];
  return position ? ` (at character ${position})` : '';
}
