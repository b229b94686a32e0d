import type { GatewayToolInfo, GatewayToolTable } from '../../protocol/tools/gateway-tools.ts';

/** What this process knows of the gateway's tools. */
export type ProcessTools = {
  /** Puts the table in place that came with the load; null where there was none. */
  readonly connect: (table: GatewayToolTable | null) => void;
  /** Puts another one in place. */
  readonly change: (table: GatewayToolTable) => void;
  /** False in a process that no gateway started, such as an author's own test. */
  readonly isConnected: () => boolean;
  /** The tool of a name; `unknown` where the gateway has none, null where it did not say which it has. */
  readonly find: (name: string) => GatewayToolInfo | 'unknown' | null;
  /** Names of those given to the agent: by its module, or by its namespace. */
  readonly given: () => readonly string[];
  /** Remembers that the module uses a tool. */
  readonly use: (name: string) => void;
  /**
   * Remembers what the module gives its agent, null where every agent of the process gets it.
   *
   * @returns The names of all that it uses.
   */
  readonly give: (names: readonly string[], agent: object | null) => readonly string[];
  /** Whether an agent is one that is given them. */
  readonly isServed: (agent: unknown) => boolean;
};

/** Knows of nothing yet. */
function createProcessTools(): ProcessTools {
  const used = new Set<string>();
  let isConnected = false;
  let table: GatewayToolTable | null = null;
  let byName: ReadonlyMap<string, GatewayToolInfo> = new Map();
  let gift: { readonly names: readonly string[]; readonly agent: object | null } | null = null;
  const put = (next: GatewayToolTable | null) => {
    table = next;
    byName = new Map(next?.tools.map((tool) => [tool.name, tool]));
  };
  return {
    connect(next) {
      isConnected = true;
      put(next);
    },
    change: put,
    isConnected: () => isConnected,
    find: (name) => byName.get(name) ?? (table ? 'unknown' : null),
    given: () => (gift ? [...new Set([...gift.names, ...(table?.offered ?? [])])] : []),
    use: (name) => void used.add(name),
    give(names, agent) {
      gift = { names, agent };
      for (const name of names) used.add(name);
      return [...used];
    },
    isServed: (agent) => gift !== null && (gift.agent === null || isViewOf(agent, gift.agent)),
  };
}

/** A run with settings of its caller has a view of its agent, which has the agent for its prototype. */
function isViewOf(agent: unknown, given: object): boolean {
  return agent === given || Object.prototype.isPrototypeOf.call(given, agent as object);
}

/** Those of this process: a module makes its tools while it is imported, and knows nothing else of the gateway. */
export const processTools = createProcessTools();
