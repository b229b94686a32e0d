import { almostFitting } from './choose-calls.ts';
import { asObject, type DemoRequest, type JsonObject } from './demo-request.ts';
import { fillSchema } from './fill-schema.ts';
import { MOST_VALUES } from './fill-value.ts';

/** What a tool gave back since the last message. */
export type ToolResult = { readonly name: string; readonly text: string };

const SELF = "Dropgate's demo model, a rule-based stand-in without an LLM";
const REAL_ONE = 'Put OPENAI_API_KEY into .dropgate/upstream.env to use a real model.';

/** Says what the tools gave back, or what the demo model is and could do. */
export function composeAnswer(
  request: DemoRequest,
  text: string,
  results: readonly ToolResult[],
): string {
  if (results.length > 0) {
    const told = results.map((result) => `${result.name} says: ${readable(result.text)}`);
    return `${told.join('\n')}\n(Answered by ${SELF}.)`;
  }
  const names = request.tools.map(signature);
  const lacking = almostFitting(request, text).map(signature);
  return [
    `This is ${SELF}.`,
    text.trim() === '' ? 'Nothing was asked.' : `You said: “${shorten(text.trim())}”.`,
    lacking.length > 0
      ? `I would call ${lacking.join(' or ')}, but found no value for every argument in your message.`
      : '',
    names.length > 0 ? `Tools of this agent: ${names.join(', ')}.` : '',
    REAL_ONE,
  ]
    .filter(Boolean)
    .join(' ');
}

/** An answer as JSON text that fits the schema, filled from the message and the tools' results. */
export function composeJson(
  schema: JsonObject,
  source: { readonly text: string; readonly results: readonly ToolResult[] },
): string {
  const { text, results } = source;
  const answer = results.map((result) => readable(result.text)).join('; ') || shorten(text) || SELF;
  if (Object.keys(schema).length === 0) return JSON.stringify({ answer });
  const known = knownValues(results);
  const value = fillSchema(schema, {
    text,
    root: schema,
    taken: new Set(),
    known: (name) => known.get(plain(name)),
    guesses: { answer },
    depth: 0,
    room: { left: MOST_VALUES },
  });
  return JSON.stringify(value ?? { answer });
}

function knownValues(results: readonly ToolResult[]): Map<string, unknown> {
  const known = new Map<string, unknown>();
  const collect = (value: unknown) => {
    for (const [key, inner] of Object.entries(asObject(value))) {
      if (!known.has(plain(key))) known.set(plain(key), inner);
      collect(inner);
    }
  };
  for (const { text } of results) collect(parse(text));
  return known;
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

/** A result as a person reads it: JSON without its brackets, anything else as it is. */
function readable(text: string): string {
  const value = parse(text);
  return value === undefined ? text : describe(value);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return value.map(describe).join('; ');
  if (typeof value !== 'object' || value === null) return String(value);
  // The envelope of a text result, as MCP servers and the SDK write it.
  const { type, text } = asObject(value);
  if (typeof text === 'string' && typeof type === 'string') return text;
  return Object.entries(value)
    .map(([key, inner]) => {
      const told = describe(inner);
      return `${key.replaceAll('_', ' ')}: ${typeof inner === 'object' && inner !== null ? `(${told})` : told}`;
    })
    .join(', ');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function signature(tool: { readonly name: string; readonly parameters: JsonObject }): string {
  const names = Object.keys(asObject(tool.parameters.properties));
  return names.length > 0 ? `${tool.name} (${names.join(', ')})` : tool.name;
}

function shorten(text: string): string {
  const limit = 200;
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}
