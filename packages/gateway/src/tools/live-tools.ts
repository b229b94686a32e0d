import { isDeepStrictEqual } from 'node:util';
import type { GatewayToolInfo } from '../protocol/gateway-tools.ts';
import { type CallSlots, createCallSlots } from './call-slots.ts';
import { type CheckedArguments, createCheckArguments } from './check-arguments.ts';
import { toolKinds } from './kinds/kinds.ts';
import { createResultCache, type ResultCache } from './result-cache.ts';
import type { ToolSettings } from './settings.ts';
import type { Tool, ToolKind, ToolParts } from './tool.ts';

/** A tool that is set up. */
export type LiveTool = GatewayToolInfo & {
  readonly kind: ToolSettings['kind'];
  readonly tool: Tool;
  readonly settings: ToolSettings;
  readonly check: (given: unknown) => Promise<CheckedArguments>;
  /** Null where it keeps nothing. */
  readonly cache: ResultCache | null;
  readonly slots: CallSlots;
};

/** The tools that there are. */
export type LiveTools = {
  readonly find: (name: string) => LiveTool | null;
  /** By name. */
  readonly list: () => readonly LiveTool[];
  /** Puts other settings in place; a tool that is set up as before keeps its cache. */
  readonly replace: (settings: Readonly<Record<string, ToolSettings>>) => void;
  /** Calls back when the tools are others than before. */
  readonly onChange: (listener: () => void) => void;
};

export function createLiveTools(
  settings: Readonly<Record<string, ToolSettings>>,
  parts: ToolParts & { readonly nowMs: () => number },
): LiveTools {
  const listeners = new Set<() => void>();
  let tools = build(settings, new Map(), parts);
  return {
    find: (name) => tools.get(name) ?? null,
    list: () => [...tools.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    replace(next) {
      const before = tools;
      tools = build(next, before, parts);
      const isSame =
        tools.size === before.size && [...tools].every(([name, tool]) => before.get(name) === tool);
      if (isSame) return;
      for (const listener of listeners) listener();
    },
    onChange: (listener) => void listeners.add(listener),
  };
}

type Built = ReadonlyMap<string, LiveTool>;

function build(
  settings: Readonly<Record<string, ToolSettings>>,
  before: Built,
  parts: ToolParts & { readonly nowMs: () => number },
): Built {
  return new Map(
    Object.entries(settings).map(([name, each]) => {
      const known = before.get(name);
      const isKept = known && isDeepStrictEqual(known.settings, each);
      return [name, isKept ? known : buildTool(name, each, parts)];
    }),
  );
}

function buildTool(
  name: string,
  settings: ToolSettings,
  parts: ToolParts & { readonly nowMs: () => number },
): LiveTool {
  const kind = toolKinds[settings.kind] as ToolKind;
  const tool = kind.create(settings, parts);
  const { cache } = settings;
  return {
    name,
    kind: settings.kind,
    description: tool.description,
    parameters: tool.parameters,
    tool,
    settings,
    check: createCheckArguments(tool.parameters),
    cache: cache
      ? createResultCache({
          ttlMs: cache.ttl_seconds * 1000,
          maxEntries: cache.max_entries,
          nowMs: parts.nowMs,
        })
      : null,
    slots: createCallSlots(settings.max_concurrent_calls),
  };
}
