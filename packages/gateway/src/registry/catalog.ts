import type { AgentState } from '../protocol/admin/agents-answer.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { FilePrint, Manifest, ModuleLoad, Pin } from '../protocol/records.ts';

/** A generation that answers. `load` names kept bytes, so that any worker of it runs the same. */
export type ServedGeneration = {
  readonly generation: number;
  readonly load: ModuleLoad;
  readonly manifest: Manifest;
  /** What else it was loaded under, as a hash. */
  readonly conditions: string;
  /** SHA-256 of its `.env`, kept like its other files; null where it had none. */
  readonly envSha256: string | null;
  /** Unix seconds. */
  readonly loadedAtSeconds: number;
  /** Set where an operator went back to it. */
  readonly pinned: Pin | null;
};

/**
 * A module and what became of it. `degraded` serves an older generation than its files; `failed` serves none. `stateOf` tells of both.
 */
export type CatalogEntry = {
  readonly module: FoundModule;
  readonly status: AgentState;
  readonly served: ServedGeneration | null;
  /** What would serve if policy let it. */
  readonly withheld?: ServedGeneration;
  readonly findings: readonly Finding[];
  /** Files whose change is a reason to load again, as they were at the last attempt. */
  readonly prints: readonly FilePrint[];
};

/** Code of the finding about an agent whose process dies again and again. */
export const unsteadyCode = 'worker_keeps_dying';

/** What to tell of an entry: one that was loaded well and cannot stay alive is as good as not. */
export function stateOf({ status, findings }: CatalogEntry): AgentState {
  const isUnsteady = findings.some(({ code }) => code === unsteadyCode);
  return status === 'ready' && isUnsteady ? 'degraded' : status;
}

/** What is served under which model id. */
export type Catalog = {
  readonly put: (entry: CatalogEntry) => void;
  readonly remove: (agentId: string) => void;
  readonly get: (agentId: string) => CatalogEntry | undefined;
  readonly list: () => readonly CatalogEntry[];
  /** Says that discovery has looked at least once: from then on an unknown id is unknown. */
  readonly markScanned: () => void;
  readonly isScanned: () => boolean;
  /**
   * The module a caller means by a model id, or by its bare name where only one that it may see has it. Waits for the
   * first discovery, and while the module loads for the first time.
   */
  readonly find: (modelId: string, maySee: MaySee) => Promise<CatalogEntry | undefined>;
};

/** Whether a caller may know of an agent; asked only where a bare name has to be told apart. */
type MaySee = (agentId: string) => boolean;

/** Makes an empty catalog; ids are compared in lower case. */
export function createCatalog(): Catalog {
  const entries = new Map<string, CatalogEntry>();
  const scanned = Promise.withResolvers<void>();
  let isScanned = false;
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const endWait = (agentId: string) => {
    waiting.get(agentId)?.resolve();
    waiting.delete(agentId);
  };
  return {
    put(entry) {
      const { agentId } = entry.module;
      entries.set(agentId, entry);
      if (entry.status === 'loading' && !entry.served) {
        if (!waiting.has(agentId)) waiting.set(agentId, Promise.withResolvers());
      } else {
        endWait(agentId);
      }
    },
    remove(agentId) {
      entries.delete(agentId);
      endWait(agentId);
    },
    get: (agentId) => entries.get(agentId),
    list: () => [...entries.values()].toSorted((a, b) => compare(a.module, b.module)),
    markScanned() {
      isScanned = true;
      scanned.resolve();
    },
    isScanned: () => isScanned,
    async find(modelId, maySee) {
      const lookUp = () => lookUpIn(entries, modelId, maySee);
      const known = lookUp();
      if (known && !waiting.has(known.module.agentId)) return known;
      await scanned.promise;
      const agentId = lookUp()?.module.agentId;
      if (agentId === undefined) return undefined;
      await waiting.get(agentId)?.promise;
      return entries.get(agentId);
    },
  };
}

function compare(a: FoundModule, b: FoundModule): number {
  return a.agentId < b.agentId ? -1 : 1;
}

function lookUpIn(
  entries: ReadonlyMap<string, CatalogEntry>,
  modelId: string,
  maySee: MaySee,
): CatalogEntry | undefined {
  const id = modelId.toLowerCase();
  const exact = entries.get(id);
  if (exact || id.includes('/')) return exact;
  const named = [...entries.values()].filter(({ module }) => module.agentId.endsWith(`/${id}`));
  if (named.length < 2) return named[0];
  const seen = named.filter(({ module }) => maySee(module.agentId));
  return seen.length === 1 ? seen[0] : undefined;
}
