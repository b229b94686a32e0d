import type { Catalog, CatalogEntry } from '../../registry/catalog.ts';
import { stateOf } from '../../registry/catalog.ts';
import type { Tool, ToolModule, ToolModules } from '../../tools/tool.ts';

/** The modules that give tools, from before there is a registry of them. */
export type ToolModulesView = ToolModules & {
  /** Tells of the modules in this catalog from now on; `toolOf` makes the tool of what serves. */
  readonly show: (catalog: Pick<Catalog, 'list' | 'isScanned'>, toolOf: ToolOf) => void;
  /** To be called when the catalog is another. */
  readonly changed: () => void;
};

type Served = NonNullable<CatalogEntry['served']>;

type ToolOf = (served: Served) => Tool;

/** Nothing is shown yet. */
export function createToolModulesView(): ToolModulesView {
  const listeners = new Set<() => void>();
  let modules: ReadonlyMap<string, ToolModule> = new Map();
  let shown: { readonly list: Catalog['list']; readonly isScanned: Catalog['isScanned'] } | null =
    null;
  let toToolModule: (entry: CatalogEntry) => ToolModule;
  return {
    list: () => [...modules.values()],
    find: (name) => modules.get(name) ?? null,
    areKnown: () => shown?.isScanned() ?? false,
    onChange: (listener) => void listeners.add(listener),
    show(catalog, toolOf) {
      shown = catalog;
      toToolModule = createToolModuleOf(toolOf);
    },
    changed() {
      const all = shown?.list().map((entry) => toToolModule(entry)) ?? [];
      modules = new Map(all.map((each) => [each.name, each]));
      for (const listener of listeners) listener();
    },
  };
}

/** Each version has one tool for as long as it serves: its results are kept with it. */
function createToolModuleOf(toolOf: ToolOf): (entry: CatalogEntry) => ToolModule {
  const known = new Map<string, { readonly generation: number; readonly tool: Tool }>();
  return (entry) => {
    const { module, served, findings } = entry;
    const { agentId, name, modulePath: path } = module;
    const state = stateOf(entry);
    if (!served) {
      known.delete(agentId);
      return { name, path, state, generation: null, findings, tool: null };
    }
    const { generation } = served;
    const before = known.get(agentId);
    const tool = before?.generation === generation ? before.tool : toolOf(served);
    known.set(agentId, { generation, tool });
    return { name, path, state, generation, findings, tool };
  };
}
