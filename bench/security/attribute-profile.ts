import type { Profiler } from 'node:inspector';

/** Samples by what the process was busy with; `idle` is left out. */
export type Attribution = ReadonlyMap<string, number>;

/** Files of the gateway that work for whoever calls them: their time is their caller's. */
const helpers = /^(observability\/decision-detail|events)\.ts$/;

/**
 * Counts the samples of a CPU profile by the gateway's own file that was at work, itself or through Node and packages that it
 * called: `policy/decide.ts`. What no file of the gateway called goes to the package (`npm:kysely`), to Node (`node`) or
 * to V8 (`garbage collector`, `program`: native code, mostly system calls of the event loop).
 *
 * Samples rather than the time between them, since time in which another process had the core is nobody's.
 */
export function attribute(profile: Profiler.Profile): Attribution {
  const parents = new Map<number, Profiler.ProfileNode>();
  for (const node of profile.nodes) {
    for (const child of node.children ?? []) parents.set(child, node);
  }
  const counts = new Map<string, number>();
  for (const node of profile.nodes) {
    const owner = ownerOf(node, parents);
    if (owner !== 'idle') counts.set(owner, (counts.get(owner) ?? 0) + (node.hitCount ?? 0));
  }
  return counts;
}

function ownerOf(
  node: Profiler.ProfileNode,
  parents: ReadonlyMap<number, Profiler.ProfileNode>,
): string {
  const pseudo = /^\((idle|program|garbage collector)\)$/.exec(node.callFrame.functionName);
  if (pseudo?.[1]) return pseudo[1];
  let fallback: string | null = null;
  let at: Profiler.ProfileNode | undefined = node;
  for (; at; at = parents.get(at.id)) {
    const { url } = at.callFrame;
    const own = /\/packages\/gateway\/(?:src|dist)\/(.+)$/.exec(url)?.[1];
    if (own && !helpers.test(own)) return own;
    const name = own ?? packageOf(url);
    if (fallback === null && name) fallback = name;
  }
  return fallback ?? 'node';
}

function packageOf(url: string): string | null {
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  return name ? `npm:${name}` : null;
}
