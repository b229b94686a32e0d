import { dirname, sep } from 'node:path';
import type { FoundModule } from '../../protocol/module.ts';
import type { Manifest, StoredGeneration } from '../../protocol/records.ts';
import type { ApprovalStore, KeptGenerationFiles } from '../../protocol/state/approval-store.ts';
import type { Catalog } from '../catalog.ts';
import { filesHashOf } from './files-hash.ts';
import { sha256 } from './fingerprint.ts';
import type { Generations } from './generations.ts';
import type { LastKnownGood } from './last-known-good.ts';
import { readModuleEnv } from './module-env.ts';

export type InterruptedFilesDeps = {
  readonly catalog: Pick<Catalog, 'get'>;
  readonly lastKnownGood: Pick<LastKnownGood, 'of'>;
  readonly generations: Pick<Generations, 'read' | 'keepNow' | 'has'>;
  readonly store: Pick<ApprovalStore, 'generation' | 'file'>;
};

/** The files that runs are interrupted on. */
export type InterruptedFiles = {
  /** The hash of what an agent runs with; null where nobody knows any more. */
  readonly hashOf: (agent: {
    readonly agentId: string;
    readonly generation: number;
    readonly manifest: Manifest;
  }) => Promise<string | null>;
  /** Their bytes, without the module's `.env`, which holds secrets; null where they cannot be read any more. */
  readonly bytesOf: (agentId: string, filesHash: string) => Promise<KeptGenerationFiles | null>;
  /** Puts the bytes that the store has beside those of this machine; null where it has none, or not all. */
  readonly restore: (agentId: string, filesHash: string) => Promise<StoredGeneration | null>;
};

export function createInterruptedFiles(deps: InterruptedFilesDeps): InterruptedFiles {
  const { catalog, lastKnownGood, generations, store } = deps;
  return {
    async hashOf({ agentId, generation, manifest }) {
      const served = catalog.get(agentId)?.served;
      if (served?.manifest === manifest) return filesHashOf(served);
      const kept = await lastKnownGood.of(agentId);
      return kept.find((each) => each.generation === generation)?.filesHash ?? null;
    },
    async bytesOf(agentId, filesHash) {
      const record = await recordOf(deps, agentId, filesHash);
      if (!record) return null;
      const files = new Map<string, Uint8Array>();
      // One after another: together they may be large.
      for (const file of record.manifest.files) {
        const bytes = await generations.read(file.sha256);
        if (!bytes) return null;
        files.set(file.sha256, bytes);
      }
      return { record, files };
    },
    async restore(agentId, filesHash) {
      const module = catalog.get(agentId)?.module;
      const stored = module && (await store.generation(agentId, filesHash));
      const record = stored && movedTo(module, stored);
      if (!record) return null;
      for (const file of record.manifest.files) {
        if (await generations.has([file.sha256])) continue;
        const bytes = await store.file(file.sha256);
        if (!bytes || (await generations.keepNow(bytes)) !== file.sha256) return null;
      }
      const isWhole = await hasEnv(deps, record, module.entry);
      return isWhole ? { ...record, generation: numberOf(filesHash) } : null;
    },
  };
}

async function recordOf(
  { catalog, lastKnownGood, store }: InterruptedFilesDeps,
  agentId: string,
  filesHash: string,
): Promise<StoredGeneration | null> {
  const entry = catalog.get(agentId);
  if (entry?.served && filesHashOf(entry.served) === filesHash) {
    const { generation, conditions, manifest, envSha256, loadedAtSeconds } = entry.served;
    const { modulePath } = entry.module;
    const about = { agentId, modulePath, generation, conditions, manifest, prints: [] };
    return { ...about, envSha256, filesHash, loadedAtSeconds };
  }
  const kept = await lastKnownGood.of(agentId);
  const found = kept.find((each) => each.filesHash === filesHash);
  return found ?? (await store.generation(agentId, filesHash));
}

/** Paths are those of the project that loaded it, which may lie elsewhere. Null where its entry is not the module's. */
function movedTo(
  { entry, modulePath }: FoundModule,
  record: StoredGeneration,
): StoredGeneration | null {
  const { manifest } = record;
  const old = manifest.files.find(({ path }) => path.endsWith(`${sep}${modulePath}`))?.path;
  if (old === undefined || !entry.endsWith(`${sep}${modulePath}`)) return null;
  const [from, to] = [old, entry].map((path) => path.slice(0, -modulePath.length));
  const files = manifest.files.map((file) =>
    from !== undefined && file.path.startsWith(from)
      ? { ...file, path: `${to}${file.path.slice(from.length)}` }
      : file,
  );
  return { ...record, manifest: { ...manifest, files } };
}

/** Whether its `.env` is here: that of now is good where it is still the same. */
async function hasEnv(
  { generations }: InterruptedFilesDeps,
  { envSha256 }: StoredGeneration,
  entry: string,
): Promise<boolean> {
  if (envSha256 === null || (await generations.has([envSha256]))) return true;
  const { bytes } = await readModuleEnv(dirname(entry));
  return bytes !== null && sha256(bytes) === envSha256 && !!(await generations.keepNow(bytes));
}

/** Numbers are those of one gateway, and this one is of none: the same for the same files, beyond all others, of 32 bits. */
function numberOf(filesHash: string): number {
  return 1_000_000_000 + (Number.parseInt(filesHash.slice(0, 12), 16) % 1_000_000_000);
}
