import type { Emit } from '../../events.ts';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { FindRuntime, FoundModule } from '../../protocol/module.ts';
import type { FilePrint, StoredGeneration } from '../../protocol/records.ts';
import type { GenerationStore } from '../../protocol/store.ts';
import { readEnvFile } from '../../protocol/text/env-file.ts';
import { textOf } from '../../system/files.ts';
import type { ServedGeneration } from '../catalog.ts';
import { filesHashOf } from './files-hash.ts';
import type { Generations } from './generations.ts';
import type { GiveEnv } from './given-env.ts';
import { withGiven } from './module-env.ts';
import { type LoadSettings, toModuleLoad } from './module-load.ts';
import { pruneKept } from './prune-kept.ts';

/** The generations that serve, kept beyond the gateway's own life. */
export type LastKnownGood = {
  /** What was kept, by model id; bytes that none of it is made of go. A store that cannot be read is reported. */
  readonly list: () => Promise<ReadonlyMap<string, StoredGeneration>>;
  /** A kept generation, ready to serve without a load; null where its bytes are gone or changed, or the module is another. */
  readonly revive: (
    stored: StoredGeneration,
    module: FoundModule,
  ) => Promise<ServedGeneration | null>;
  /** Keeps what serves now. Never throws: the finding says what a restart would lose. */
  readonly keep: (
    module: FoundModule,
    served: ServedGeneration,
    prints: readonly FilePrint[],
  ) => Promise<Finding | null>;
  readonly forget: (agentId: string) => Promise<void>;
  /**
   * The generations of an agent that are kept to go back to, the newest first.
   *
   * @throws StoreError where the store cannot be read.
   */
  readonly of: (agentId: string) => Promise<readonly StoredGeneration[]>;
  /** The highest number that a generation of it ever had; 0 where none is known. */
  readonly lastNumber: (agentId: string) => number;
};

/** Code of the finding that a version serves and is not kept. */
export const notKeptCode = 'generation_not_kept';

export type LastKnownGoodDeps = {
  readonly store: GenerationStore;
  readonly generations: Generations;
  readonly settings: () => LoadSettings;
  readonly findRuntime: FindRuntime;
  readonly giveEnv: GiveEnv;
  readonly emit: Emit;
  /** Whether an agent is one of those that this is about: others keep their own in the same store. Absent: all are. */
  readonly isOwn?: (agentId: string) => boolean;
};

export function createLastKnownGood(deps: LastKnownGoodDeps): LastKnownGood {
  const { store, generations, emit } = deps;
  const numbers = new Map<string, number>();
  const count = ({ agentId, generation }: Pick<StoredGeneration, 'agentId' | 'generation'>) =>
    numbers.set(agentId, Math.max(generation, numbers.get(agentId) ?? 0));
  const survive = (error: unknown) => emit({ type: 'fault_survived', where: 'store', error });
  return {
    async list() {
      const stored = await store.list().catch((error: unknown) => {
        survive(error);
        return [];
      });
      await pruneKept(generations.folder, stored, Date.now());
      const own = stored.filter(({ agentId }) => deps.isOwn?.(agentId) ?? true);
      own.forEach(count);
      // Of each agent the one that it serves, which was put last.
      return new Map(own.map((each) => [each.agentId, each]));
    },
    revive: (stored, module) => revive(deps, stored, module),
    async keep(module, served, prints) {
      const { generation, conditions, manifest, envSha256, loadedAtSeconds, pinned } = served;
      const { agentId, modulePath } = module;
      count({ agentId, generation });
      const record = { agentId, modulePath, generation, conditions, manifest, prints };
      const filesHash = filesHashOf(served);
      try {
        await generations.keep(manifest.files);
        await store.put({ ...record, envSha256, filesHash, loadedAtSeconds, pinned });
        return null;
      } catch (error) {
        survive(error);
        return notKept(module, error);
      }
    },
    async forget(agentId) {
      numbers.delete(agentId);
      await store.remove(agentId).catch(survive);
    },
    async of(agentId) {
      const all = (await store.list()).filter((each) => each.agentId === agentId);
      return all.toSorted((one, other) => other.generation - one.generation);
    },
    lastNumber: (agentId) => numbers.get(agentId) ?? 0,
  };
}

async function revive(
  { generations, settings, findRuntime, giveEnv }: LastKnownGoodDeps,
  stored: StoredGeneration,
  module: FoundModule,
): Promise<ServedGeneration | null> {
  const { generation, conditions, manifest, envSha256, loadedAtSeconds, pinned = null } = stored;
  if (stored.modulePath !== module.modulePath) return null;
  if (!(await generations.has(manifest.files.map(({ sha256 }) => sha256)))) return null;
  const { interpreter, finding } = await findRuntime(module);
  if (finding) return null;
  const [own, given] = await Promise.all([keptEnv(generations, envSha256), giveEnv(module)]);
  if (own === null || given.findings.length > 0) return null;
  const kept = Object.fromEntries(manifest.files.map(({ path, sha256 }) => [path, sha256]));
  const load = toModuleLoad(module, {
    ...settings(),
    generation,
    interpreter,
    kept,
    keptFolder: generations.folder,
    env: withGiven(own, given.values),
  });
  return { generation, conditions, load, manifest, envSha256, loadedAtSeconds, pinned };
}

/** The variables of a kept `.env`; null where its bytes are gone or changed. */
export async function keptEnv(
  generations: Generations,
  envSha256: string | null,
): Promise<NodeJS.Dict<string> | null> {
  if (envSha256 === null) return {};
  const bytes = await generations.read(envSha256);
  return bytes && readEnvFile(textOf(bytes, '.env')).values;
}

function notKept(module: FoundModule, error: unknown): Finding {
  return {
    stage: 'load',
    code: notKeptCode,
    severity: 'warning',
    message: `This version serves, but a restart would lose it: ${error instanceof Error ? error.message : error}`,
    file: module.entry,
    hint: 'Make room on the disk or mend the store, then refresh.',
  };
}
