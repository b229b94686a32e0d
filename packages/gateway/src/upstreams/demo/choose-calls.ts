import { asObject, type DemoRequest, type DemoTool, type JsonObject } from './demo-request.ts';
import { fillSchema } from './fill-schema.ts';
import { kindOf, MOST_VALUES } from './fill-value.ts';
import { findKind } from './find-values.ts';
import { countShared, topicWords, wordsBeyond } from './words.ts';

/** A call the demo model wants to make. */
export type WantedCall = { readonly name: string; readonly arguments: JsonObject };

const HANDOFF = /^transfer_to_/;
/** Verbs that name no topic: `get_weather` is about weather. */
const VERBS = topicWords(
  'get set list find fetch search look lookup make create show run do query',
);
const NAME_WEIGHT = 3;
const FOUND_WEIGHT = 2;
const TELLING = new Set(['email', 'url', 'path', 'expression']);
/** One word of a tool's name, or two of its description. */
const FITTING_SCORE = 2;

/**
 * Chooses the calls a message asks for, in order, without those already made since: several where
 * parts of the message each ask for one. A handoff comes alone.
 *
 * @param made - Calls since the message, so that none is made twice.
 */
export function chooseCalls(
  request: DemoRequest,
  text: string,
  made: readonly WantedCall[],
): readonly WantedCall[] {
  const { toolChoice } = request;
  if (toolChoice.type === 'none') return [];
  if (toolChoice.type === 'named') return forcedCall(request, text, toolChoice.name, made);
  const wanted = chooseHandoff(request, text, made) ?? chooseTools(request.tools, text);
  const open = wanted.filter((call) => !made.some((earlier) => isSame(earlier, call)));
  const [first] = request.tools;
  if (open.length === 0 && toolChoice.type === 'required' && first) {
    return forcedCall(request, text, first.name, made);
  }
  return request.parallelCalls ? open : open.slice(0, 1);
}

/** Tools that a message seems to ask for but that lack an argument, with what is missing. */
export function almostFitting(request: DemoRequest, text: string): readonly DemoTool[] {
  const words = topicWords(text);
  return request.tools.filter(
    (tool) =>
      !HANDOFF.test(tool.name) &&
      scoreOf(tool, words, text) >= FITTING_SCORE &&
      fill(tool, text) === undefined,
  );
}

function chooseHandoff(
  request: DemoRequest,
  text: string,
  made: readonly WantedCall[],
): readonly WantedCall[] | null {
  const words = topicWords(text);
  const asked =
    /\b(?:transfer|hand (?:me )?(?:off|over)|(?:talk|speak|pass|connect)(?: me)? to)\b/i;
  const alreadyHanded = made.some((call) => HANDOFF.test(call.name));
  const scored = request.tools
    .filter((tool) => HANDOFF.test(tool.name) && !made.some((call) => call.name === tool.name))
    .map((tool) => {
      const name = topicWords(tool.name.replace(HANDOFF, '').replaceAll('_', ' '));
      const named = countShared(name, words) * NAME_WEIGHT;
      const topic = countShared(wordsBeyond(topicWords(tool.description), name), words);
      // Who was just handed the message keeps it, unless another agent is asked for outright.
      return { tool, score: alreadyHanded ? (asked.test(text) ? named : 0) : named + topic };
    })
    .toSorted((a, b) => b.score - a.score);
  const best = scored[0];
  if (!best || best.score === 0) return null;
  const own = Math.max(0, ...fittingTools(request.tools, text).map(({ score }) => score));
  if (own >= best.score && !asked.test(text)) return null;
  return [{ name: best.tool.name, arguments: fillAnyway(best.tool, text) }];
}

function chooseTools(tools: readonly DemoTool[], text: string): readonly WantedCall[] {
  const parts = splitParts(text);
  const calls: WantedCall[] = [];
  let previous: DemoTool | undefined;
  for (const part of parts) {
    const best = fittingTools(tools, part)[0];
    const isBareName = /^\p{Lu}[\p{L}'’-]*(?:\s+\p{Lu}[\p{L}'’-]*)*[.?!]?$/u.test(part);
    const isShort = /^\p{Lu}{2,3}$/u.test(part);
    const call =
      best ?? (previous && isBareName && !isShort ? callFor(previous, `in ${part}`) : undefined);
    if (!call) continue;
    if (best) previous = best.tool;
    const { name, arguments: args } = call;
    if (!calls.some((other) => isSame(other, call))) calls.push({ name, arguments: args });
  }
  if (calls.length > 1) return calls;
  // One request is better understood from the whole message.
  const whole = fittingTools(tools, text)[0] ?? calls[0];
  return whole ? [{ name: whole.name, arguments: whole.arguments }] : [];
}

type FittingTool = WantedCall & { readonly tool: DemoTool; readonly score: number };

/** Tools whose words are in the text and whose arguments can be found there, best first. */
function fittingTools(tools: readonly DemoTool[], text: string): FittingTool[] {
  const words = topicWords(text);
  return tools
    .filter((tool) => !HANDOFF.test(tool.name))
    .flatMap((tool) => {
      const score = scoreOf(tool, words, text);
      const call = score >= FITTING_SCORE ? callFor(tool, text) : undefined;
      return call ? [{ ...call, tool, score }] : [];
    })
    .toSorted((a, b) => b.score - a.score);
}

function scoreOf(tool: DemoTool, words: ReadonlySet<string>, text: string): number {
  const name = topicWords(tool.name.replaceAll('_', ' '));
  const topic = wordsBeyond(name, VERBS);
  const properties = asObject(tool.parameters.properties);
  const described = topicWords(`${tool.description} ${Object.keys(properties).join(' ')}`);
  const lower = text.toLowerCase();
  const enums = Object.values(properties).filter((property) => {
    const values = asObject(property).enum;
    return (
      Array.isArray(values) && values.some((value) => lower.includes(`${value}`.toLowerCase()))
    );
  });
  // An address, a file or a sum in the message is as good as a word about what to do with it.
  const kinds = Object.entries(properties).filter(([key, property]) => {
    const kind = kindOf(asObject(property), key.toLowerCase());
    return kind !== null && TELLING.has(kind) && findKind(text, kind) !== undefined;
  });
  return (
    countShared(topic.size > 0 ? topic : name, words) * NAME_WEIGHT +
    countShared(wordsBeyond(described, name), words) +
    (enums.length + kinds.length) * FOUND_WEIGHT
  );
}

function callFor(tool: DemoTool, text: string): WantedCall | undefined {
  const args = fill(tool, text);
  return args === undefined ? undefined : { name: tool.name, arguments: args };
}

function fill(tool: DemoTool, text: string): JsonObject | undefined {
  return fillSchema(tool.parameters, sourceOf(tool, text)) as JsonObject | undefined;
}

function fillAnyway(tool: DemoTool, text: string): JsonObject {
  const source = { ...sourceOf(tool, text), guesses: { answer: text } };
  return asObject(fillSchema(tool.parameters, source));
}

function sourceOf(tool: DemoTool, text: string) {
  return {
    text,
    root: tool.parameters,
    taken: new Set<string>(),
    known: () => undefined,
    guesses: null,
    depth: 0,
    room: { left: MOST_VALUES },
  };
}

function forcedCall(
  request: DemoRequest,
  text: string,
  name: string,
  made: readonly WantedCall[],
): readonly WantedCall[] {
  const tool = request.tools.find((candidate) => candidate.name === name);
  if (!tool) return [];
  const call = callFor(tool, text) ?? { name, arguments: fillAnyway(tool, text) };
  return made.some((earlier) => isSame(earlier, call)) ? [] : [call];
}

/** Sentences and what “and”, “then” or a comma joins; quotes stay whole. */
function splitParts(text: string): string[] {
  const quotes: string[] = [];
  const masked = text.replace(/"[^"]*"|“[^”]*”/g, (quote) => `⟦${quotes.push(quote) - 1}⟧`);
  return masked
    .split(/(?<=[.?!;])\s+|[;,]\s+(?:and\s+|then\s+)?|\s+(?:and|then|also|plus)\s+/i)
    .map((part) => part.replace(/⟦(\d+)⟧/g, (_, index) => quotes[Number(index)] ?? '').trim())
    .filter((part) => part !== '');
}

function isSame(a: WantedCall, b: WantedCall): boolean {
  return a.name === b.name && canonical(a.arguments) === canonical(b.arguments);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
