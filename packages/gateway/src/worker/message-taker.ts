import { fieldsOf } from './sdk.ts';

/**
 * True where an object's `run` can take `{ messages, signal, context }`. Many things have a `run` that are no agents: web
 * servers, parsers of arguments, clients of MCP. Judged by what they are and how `run` is written, never by calling it.
 */
export function takesMessages(value: unknown): boolean {
  const fields = fieldsOf(value);
  const { run } = fields;
  if (typeof run !== 'function') return false;
  const text = Function.prototype.toString.call(run);
  if (takesApart.test(text)) return true;
  if (isMachinery(fields)) return false;
  if (/\b(messages|signal|context|arguments)\b/.test(text)) return true;
  const parameters = parametersOf(text);
  if (parameters === null) return true;
  const [first = '', second] = parameters;
  // A second argument never comes.
  if (run.length > 1 && second !== undefined) return false;
  return !/^(\{|\[)/.test(first) && !otherInputs.test(first);
}

/** `run({ messages })`: there is no doubt, whatever else the object can do. */
const takesApart = /^[^({]*\(\s*\{[^}]*\bmessages\b/;

/** The parameter of a `run` that wants the text alone, `run(prompt)`; null for any other. */
export function textParameter(value: unknown): string | null {
  const { run } = fieldsOf(value);
  const text = typeof run === 'function' ? Function.prototype.toString.call(run) : '';
  const [first = '', ...others] = parametersOf(text) ?? [];
  return others.length === 0 && /^(query|prompt|text|question)$/i.test(first) ? first : null;
}

/** What `run` is written with in brackets, for messages: `run(port)`. */
export function shownRun(value: unknown): string {
  const { run } = fieldsOf(value);
  const text = typeof run === 'function' ? Function.prototype.toString.call(run) : '';
  return `run(${(parametersOf(text) ?? []).join(', ')})`;
}

/** Methods in pairs, of which one alone says nothing. */
const machinery: readonly (readonly [string, string])[] = [
  ['listTools', 'callTool'],
  ['listen', 'use'],
  ['listen', 'close'],
  ['get', 'post'],
  ['parse', 'option'],
  ['parse', 'argument'],
  ['start', 'stop'],
];

function isMachinery(fields: Readonly<Record<string, unknown>>): boolean {
  return machinery.some((pair) => pair.every((name) => typeof fields[name] === 'function'));
}

/** Names of first parameters that are no request. */
const otherInputs =
  /^(args?|argv|port|host|(mcp_?)?server|app|cmd|command|config|configuration|query|prompt|text|question)\b/i;

/** Parameters as they are written; null where that cannot be told (native code). */
function parametersOf(text: string): string[] | null {
  if (text.includes('[native code]')) return null;
  const bare = /^(?:async\s+)?([\w$]+)\s*=>/.exec(text);
  if (bare?.[1] !== undefined) return [bare[1]];
  const list = /^[^(]*\(([^)]*)\)/.exec(text)?.[1];
  if (list === undefined) return null;
  return list
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
}
