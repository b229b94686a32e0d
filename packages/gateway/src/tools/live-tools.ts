import { isDeepStrictEqual } from 'node:util';
import { jsonLength } from '../protocol/text/json-length.ts';
import type { GatewayToolInfo } from '../protocol/tools/gateway-tools.ts';
import { type CallSlots, createCallSlots } from './call-slots.ts';
import { type CheckedArguments, createCheckArguments } from './check-arguments.ts';
import { createResultCache, type ResultCache } from './result-cache.ts';
import { type ToolSettings, withModules } from './settings.ts';
import type { Tool, ToolModules, ToolParts } from './tool.ts';
import { createToolSources, type OpenSource } from './tool-sources.ts';

/** A tool that is set up. */
export type LiveTool = GatewayToolInfo & {
  readonly kind: ToolSettings['kind'];
  /** Name of its entry in the settings. */
  readonly source: string;
  readonly tool: Tool;
  readonly settings: ToolSettings;
  readonly check: (given: unknown) => Promise<CheckedArguments>;
  /** Null where it keeps nothing. */
  readonly cache: ResultCache | null;
  readonly slots: CallSlots;
  /** Takes the secrets of its settings out of a text: a server may repeat what it was sent. */
  readonly hide: (text: string) => string;
};

/** Something wrong with an entry of the settings: it gives no tools, or not all. */
export type SourceProblem = {
  readonly source: string;
  readonly problem: string;
  /** It is about a module in `src/tools`: there is none, it is not used, or its load said what is wrong with it. */
  readonly module?: 'missing' | 'unused' | 'failed';
};

/** An entry of the settings that gives several tools: the server of them, or a description of one. */
export type LiveServer = {
  readonly name: string;
  readonly kind: ToolSettings['kind'];
  /** `connecting`: it has not said yet which tools it has. */
  readonly state: 'ready' | 'connecting' | 'not_ready';
};

/** The tools that there are. */
export type LiveTools = {
  readonly find: (name: string) => LiveTool | null;
  /** By name. */
  readonly list: () => readonly LiveTool[];
  /** Whether a tool of that name may yet come: its server has not said which it has. */
  readonly mayHave: (name: string) => boolean;
  /** Entries that give several tools, by name. */
  readonly servers: () => readonly LiveServer[];
  /** What is wrong with entries that give several tools. */
  readonly problems: () => readonly SourceProblem[];
  /** Begins to look for tools of servers. */
  readonly start: () => void;
  /** Puts other settings in place; a tool that is set up as before keeps its cache. */
  readonly replace: (settings: Readonly<Record<string, ToolSettings>>) => void;
  /** Asks servers again which tools they have. Never rejects. */
  readonly refresh: () => Promise<void>;
  /** Calls back when the tools, or what is wrong with them, are others than before. */
  readonly onChange: (listener: () => void) => void;
  /** Ends what runs for them. Never rejects. */
  readonly close: () => Promise<void>;
};

type Parts = ToolParts & { readonly nowMs: () => number };

export function createLiveTools(
  settings: Readonly<Record<string, ToolSettings>>,
  parts: Parts,
): LiveTools {
  const listeners = new Set<() => void>();
  let tools: ReadonlyMap<string, LiveTool> = new Map();
  let problems: readonly SourceProblem[] = [];
  const sources = createToolSources(parts, () => look());
  const look = () => {
    const open = sources.open();
    const found = collect(open, tools, parts);
    const nowWrong = [
      ...problemsOf(open, found, parts.modules),
      ...unusedModules(open, parts.modules),
    ];
    const isSame =
      found.size === tools.size &&
      [...found].every(([name, tool]) => tools.get(name) === tool) &&
      isDeepStrictEqual(nowWrong, problems);
    tools = found;
    problems = nowWrong;
    if (isSame) return;
    for (const listener of listeners) listener();
  };
  let configured = settings;
  const put = () => {
    sources.replace(withModules(configured, parts.modules));
    look();
  };
  parts.modules.onChange(put);
  put();
  return {
    find: (name) => tools.get(name) ?? null,
    list: () => [...tools.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    mayHave: (name) => sources.open().some(({ source }) => source.mayHave(name)),
    servers: () => sources.open().flatMap(serverOf),
    problems: () => problems,
    start: sources.start,
    replace(next) {
      configured = next;
      put();
    },
    async refresh() {
      await Promise.all(sources.open().map(({ source }) => source.refresh()));
    },
    onChange: (listener) => void listeners.add(listener),
    close: sources.close,
  };
}

/** Of two tools with one name the first is there: one that the settings name goes before one that a server has. */
function collect(
  open: readonly OpenSource[],
  before: ReadonlyMap<string, LiveTool>,
  parts: Parts,
): ReadonlyMap<string, LiveTool> {
  const found = new Map<string, LiveTool>();
  for (const {
    name: source,
    settings,
    isOfOne,
    hide,
    source: { tools },
  } of open) {
    for (const [name, tool] of tools()) {
      if (found.has(name) || !(isOfOne || isTellable(tool))) continue;
      const known = before.get(name);
      const isKept = known && known.settings === settings && isAlike(known.tool, tool);
      const built = { name, source, settings, tool, isOfOne, hide };
      found.set(name, isKept ? known : buildTool(built, parts));
    }
  }
  return found;
}

function serverOf({ name, settings, isOfOne, source }: OpenSource): LiveServer[] {
  if (isOfOne || settings.kind === 'module') return [];
  const state =
    source.problem() !== null ? 'not_ready' : source.isAwaited() ? 'connecting' : 'ready';
  return [{ name, kind: settings.kind, state }];
}

function isAlike(some: Tool, other: Tool): boolean {
  if (some === other) return true;
  return (
    some.call === other.call &&
    some.description === other.description &&
    isDeepStrictEqual(some.parameters, other.parameters)
  );
}

function problemsOf(
  open: readonly OpenSource[],
  found: ReadonlyMap<string, LiveTool>,
  modules: Pick<ToolModules, 'find'>,
): readonly SourceProblem[] {
  return open.flatMap(({ name, isOfOne, source, settings }) => {
    if (isOfOne) return [];
    const out = [...source.tools()].filter(([tool]) => found.get(tool)?.source !== name);
    const named = (some: typeof out) => some.map(([tool]) => tool).join(', ');
    const { hidden = [], long = [] } = Object.groupBy(out, ([, tool]) =>
      isTellable(tool) ? 'hidden' : 'long',
    );
    const reasons = [
      source.problem(),
      hidden.length > 0 ? `There are other tools with the names ${named(hidden)}.` : null,
      long.length > 0 ? `The schemas of ${named(long)} are too long.` : null,
    ].filter((reason) => reason !== null);
    const problem = reasons.length > 0 ? reasons.join(' ') : null;
    if (problem === null) return [];
    if (settings.kind !== 'module') return [{ source: name, problem }];
    return [{ source: name, problem, module: modules.find(name) ? 'failed' : 'missing' }];
  });
}

/** Modules whose names the settings, or a tool that is built in, have for another tool. */
function unusedModules(
  open: readonly OpenSource[],
  modules: Pick<ToolModules, 'list'>,
): readonly SourceProblem[] {
  return modules.list().flatMap(({ name, path }) => {
    const other = open.find((source) => source.name === name);
    if (!other || other.settings.kind === 'module') return [];
    const { kind } = other.settings;
    const problem = `${path} is not used: \`tools\` has ${name}, of kind ${kind}, already. Rename the file.`;
    return [{ source: name, problem, module: 'unused' }];
  });
}

/** Longest schema that a server may have told to every model, in characters. */
const MAX_SCHEMA = 32 * 1024;

function isTellable({ parameters }: Tool): boolean {
  return jsonLength(parameters) <= MAX_SCHEMA;
}

function buildTool(
  {
    name,
    source,
    settings,
    tool,
    isOfOne,
    hide,
  }: Pick<LiveTool, 'name' | 'source' | 'settings' | 'tool' | 'hide'> & {
    readonly isOfOne: boolean;
  },
  { nowMs }: Parts,
): LiveTool {
  const { cache } = settings;
  return {
    name,
    kind: settings.kind,
    source,
    description: tool.description,
    parameters: tool.parameters,
    tool,
    settings,
    check: createCheckArguments(tool.parameters, isOfOne ? 'own' : 'foreign'),
    cache: cache
      ? createResultCache({ ttlMs: cache.ttl_seconds * 1000, maxEntries: cache.max_entries, nowMs })
      : null,
    slots: createCallSlots(settings.max_concurrent_calls),
    hide,
  };
}
