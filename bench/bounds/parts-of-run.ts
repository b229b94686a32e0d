import type { Profiler } from 'node:inspector';

/** Parts of a process's work, in the order in which they are shown; the first pattern that fits a place decides. */
type Parts = readonly (readonly [part: string, places: RegExp])[];

const alike: Parts = [
  ['writes to sockets', /^native:write/],
  ['garbage collection on the main thread', /^\(garbage collector\)/],
];

const rest = 'event loop, promises, Node’s streams and HTTP parser';

export const gatewayParts: Parts = [
  ...alike,
  ['HTTP in', /^(?:own:http\/|npm:(?:fastify|find-my-way|zod)\b)/],
  ['HTTP out', /^(?:own:upstreams\/relay|npm:undici)/],
  ['the worker’s channel', /^own:(?:protocol\/worker|pool)\//],
  [
    'log, metrics, usage, decisions, journal',
    /^(?:own:(?:observability|storage|protocol\/journal)\/|npm:(?:pino|kysely|@prometheus-io))/,
  ],
  ['keys, rules, limits, runs, broker', /^(?:own|npm):/],
];

export const workerParts: Parts = [
  ...alike,
  ['the SDK and the client of OpenAI', /^npm:/],
  [
    'the channel and model calls over it',
    /^own:(?:protocol\/worker|worker\/(?:models|main|serve-module|event-lane|active-runs))/,
  ],
  ['what else Dropgate does of a run', /^own:/],
];

/** Shares of a profile's samples by part; what the process was idle is in none of them. */
export function sharesOf(profile: Profiler.Profile, parts: Parts): ReadonlyMap<string, number> {
  const parents = new Map<number, Profiler.ProfileNode>();
  for (const node of profile.nodes) {
    for (const child of node.children ?? []) parents.set(child, node);
  }
  const counts = new Map([...parts.map(([part]) => part), rest].map((part) => [part, 0]));
  let all = 0;
  for (const node of profile.nodes) {
    const place = placeOf(node, parents);
    if (place === '(idle)') continue;
    const [part] = parts.find(([, places]) => places.test(place)) ?? [rest];
    counts.set(part, (counts.get(part) ?? 0) + (node.hitCount ?? 0));
    all += node.hitCount ?? 0;
  }
  return new Map([...counts].map(([part, hits]) => [part, hits / all]));
}

/** The nearest file of Dropgate or of a package at work: Node and V8 work for whoever calls them. */
function placeOf(
  node: Profiler.ProfileNode,
  parents: ReadonlyMap<number, Profiler.ProfileNode>,
): string {
  const { functionName, url } = node.callFrame;
  if (url === '' && /^(?:\(|write)/.test(functionName)) {
    return functionName.startsWith('(') ? functionName : `native:${functionName}`;
  }
  for (let at: Profiler.ProfileNode | undefined = node; at; at = parents.get(at.id)) {
    const own = /\/packages\/gateway\/(?:src|dist)\/(.+)$/.exec(at.callFrame.url)?.[1];
    if (own) return `own:${own}`;
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(at.callFrame.url)?.[1];
    if (name) return `npm:${name}`;
  }
  return 'node';
}
