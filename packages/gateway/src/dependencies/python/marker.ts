import { fitsSpecifier } from './version.ts';

/** What a Python says of itself, by the names that markers use (`python_version`, `sys_platform`, …). */
export type MarkerValues = Readonly<Record<string, string>>;

const token = /\s*(?:(\(|\))|(===|==|!=|~=|<=|>=|<|>)|(['"])(.*?)\3|([A-Za-z_.]+))/y;

/** A marker cannot be read; only the worker's Python itself could tell. */
class UnknownMarker extends Error {}

/** Whether a requirement's marker holds; null where it is not understood. Extras count as not asked for, but for `extra` among the values. */
export function holdsMarker(marker: string, values: MarkerValues): boolean | null {
  try {
    const rest = tokensOf(marker);
    const holds = either(rest, values);
    return rest.length === 0 ? holds : null;
  } catch (error) {
    if (error instanceof UnknownMarker) return null;
    throw error;
  }
}

type Token = { readonly kind: 'mark' | 'operator' | 'text' | 'word'; readonly text: string };

function tokensOf(marker: string): Token[] {
  const tokens: Token[] = [];
  const text = marker.trim();
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (!match) throw new UnknownMarker();
    const [, mark, operator, quote, quoted = '', word = ''] = match;
    if (mark) tokens.push({ kind: 'mark', text: mark });
    else if (operator) tokens.push({ kind: 'operator', text: operator });
    else if (quote) tokens.push({ kind: 'text', text: quoted });
    else tokens.push({ kind: 'word', text: word });
  }
  return tokens;
}

function either(rest: Token[], values: MarkerValues): boolean {
  let holds = both(rest, values);
  while (takeWord(rest, 'or')) holds = both(rest, values) || holds;
  return holds;
}

function both(rest: Token[], values: MarkerValues): boolean {
  let holds = one(rest, values);
  while (takeWord(rest, 'and')) holds = one(rest, values) && holds;
  return holds;
}

function one(rest: Token[], values: MarkerValues): boolean {
  if (rest[0]?.text === '(' && rest[0].kind === 'mark') {
    rest.shift();
    const holds = either(rest, values);
    if (rest.shift()?.text !== ')') throw new UnknownMarker();
    return holds;
  }
  const left = value(rest.shift(), values);
  const operator = operatorOf(rest);
  const right = value(rest.shift(), values);
  return compares(left, operator, right);
}

function operatorOf(rest: Token[]): string {
  const next = rest.shift();
  if (next?.kind === 'operator' || next?.text === 'in') return next.text;
  if (next?.text === 'not' && rest.shift()?.text === 'in') return 'not in';
  throw new UnknownMarker();
}

function value(found: Token | undefined, values: MarkerValues): string {
  if (found?.kind === 'text') return found.text;
  if (found?.text === 'extra') return values.extra ?? '';
  if (found?.kind !== 'word' || !Object.hasOwn(values, found.text)) throw new UnknownMarker();
  return values[found.text] ?? '';
}

function compares(left: string, operator: string, right: string): boolean {
  if (operator === 'in') return right.includes(left);
  if (operator === 'not in') return !right.includes(left);
  if (/^\d/.test(left) && /^\d/.test(right)) return fitsSpecifier(left, `${operator}${right}`);
  if (operator === '==' || operator === '===') return left === right;
  if (operator === '!=') return left !== right;
  throw new UnknownMarker();
}

function takeWord(rest: Token[], word: string): boolean {
  if (rest[0]?.kind !== 'word' || rest[0].text !== word) return false;
  rest.shift();
  return true;
}
