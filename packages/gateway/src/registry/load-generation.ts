import { join } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FindRuntime, FoundModule } from '../protocol/module.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { LoadAnswer } from '../protocol/worker/messages.ts';
import type { ServedGeneration } from './catalog.ts';
import type { Generations } from './kept/generations.ts';
import type { GiveEnv, GivenEnv } from './kept/given-env.ts';
import { keptEnv } from './kept/last-known-good.ts';
import { readModuleEnv, withGiven } from './kept/module-env.ts';
import { type LoadSettings, toModuleLoad } from './kept/module-load.ts';
import { filesOnly, namedFiles } from './watch/named-files.ts';

export type LoadGenerationDeps = {
  readonly prepare: (load: ModuleLoad, signal: AbortSignal) => Promise<LoadAnswer>;
  readonly retire: (agentId: string, generation: number) => Promise<void>;
  readonly generations: Generations;
  readonly settings: () => LoadSettings;
  /** Absolute; nothing outside of it is watched because a module names it. */
  readonly projectRoot: string;
  /** What a description depends on beside the files, as a hash, given what the operator gives to the module. */
  readonly conditions: (given: GivenEnv['values']) => string;
  readonly giveEnv: GiveEnv;
  /** Dependencies of the module that are missing or wrong; an error among them stops the load. */
  readonly checkDependencies: (module: FoundModule) => Promise<readonly Finding[]>;
  readonly findRuntime: FindRuntime;
  readonly nowMs: () => number;
  /** Aborts when the gateway closes. */
  readonly signal: AbortSignal;
};

export type GenerationOutcome = {
  /** Null where nothing was loaded. */
  readonly served: ServedGeneration | null;
  readonly findings: readonly Finding[];
  /** Files, present or not, whose change is a reason to load again. */
  readonly watched: readonly string[];
  /** The gateway closes: nothing was found out. */
  readonly gaveUp?: true;
};

/**
 * Loads one generation of a module, from disk or from the kept bytes of another, and keeps its bytes. Never throws.
 */
export type LoadGeneration = (
  module: FoundModule,
  from: {
    readonly generation: number;
    readonly kept: ServedGeneration | null;
    readonly signal: AbortSignal;
  },
) => Promise<GenerationOutcome>;

/** Code of the finding about a load that the gateway itself could not go on with. */
export const brokeOffCode = 'load_broke_off';

/** How often a module is loaded again because its files changed while it loaded. */
const attemptLimit = 3;

export function createLoadGeneration(deps: LoadGenerationDeps): LoadGeneration {
  return async (module, from) => {
    try {
      for (let attempt = 0; attempt < attemptLimit; attempt += 1) {
        const result = await loadOnce(deps, module, from);
        if (result) return result;
        await deps.retire(module.agentId, from.generation);
      }
      return failed(module, filesKeepChanging(module));
    } catch (error) {
      if (deps.signal.aborted) return { served: null, findings: [], watched: [], gaveUp: true };
      return failed(module, loadBroke(module, error));
    }
  };
}

type From = Parameters<LoadGeneration>[1];

async function loadOnce(
  deps: LoadGenerationDeps,
  module: FoundModule,
  { generation, kept: origin, signal }: From,
): Promise<GenerationOutcome | null> {
  const runtime = await deps.findRuntime(module);
  const beside = [join(module.folder, '.env'), ...runtime.watched];
  const missing = origin ? [] : await deps.checkDependencies(module);
  const refuse = (findings: readonly Finding[], more: readonly string[] = []) => ({
    served: null,
    findings,
    watched: [module.entry, ...beside, ...more],
  });
  if (missing.some(({ severity }) => severity === 'error')) return refuse(missing);
  if (runtime.finding) return refuse([runtime.finding]);
  const given = await deps.giveEnv(module);
  if (given.findings.length > 0) return refuse([...missing, ...given.findings], given.watched);
  const { own, envSha256, findings } = await ownEnv(deps, module, origin);
  const load = toModuleLoad(module, {
    ...deps.settings(),
    generation,
    env: withGiven(own, given.values),
    kept: origin?.load.kept ?? null,
    interpreter: runtime.interpreter,
    keptFolder: deps.generations.folder,
  });
  const known = [...missing, ...findings];
  const result = await deps.prepare(load, AbortSignal.any([signal, deps.signal]));
  if (result.type === 'load_failed') {
    // A worker that is ended because the gateway closes says nothing of its module.
    deps.signal.throwIfAborted();
    return refuse([...known, ...result.findings], await filesOnly(result.files));
  }
  const { manifest } = result;
  if (!(await deps.generations.keep(manifest.files))) return null;
  const kept = Object.fromEntries(manifest.files.map((file) => [file.path, file.sha256]));
  const loadedAtSeconds = Math.floor(deps.nowMs() / 1000);
  const conditions = deps.conditions(given.values);
  // What is given otherwise by now is loaded with that, as after an edit.
  if (deps.conditions((await deps.giveEnv(module)).values) !== conditions) return null;
  const [loaded, named] = await Promise.all([
    filesOnly(manifest.files.map(({ path }) => path)),
    namedFiles(module, manifest, deps.projectRoot),
  ]);
  return {
    served: {
      generation,
      manifest,
      conditions,
      envSha256,
      loadedAtSeconds,
      pinned: null,
      load: { ...load, kept },
    },
    findings: [...known, ...manifest.warnings, ...named.findings],
    watched: [...beside, module.entry, ...loaded, ...named.paths],
  };
}

/** The variables of the module's own `.env`: of what is kept where that is loaded, else as they lie on disk. */
async function ownEnv(
  { generations }: LoadGenerationDeps,
  module: FoundModule,
  origin: ServedGeneration | null,
) {
  if (origin) {
    const own = await keptEnv(generations, origin.envSha256);
    if (!own) throw new Error('the kept bytes of its .env are gone.');
    return { own, envSha256: origin.envSha256, findings: [] };
  }
  const { bytes, values: own, findings } = await readModuleEnv(module.folder);
  const envSha256 = bytes && (await generations.keepNow(bytes));
  return { own, envSha256, findings };
}

function filesKeepChanging(module: FoundModule): Finding {
  return {
    stage: 'load',
    code: 'files_keep_changing',
    severity: 'error',
    message: 'The files changed each time while they were loaded.',
    file: module.entry,
    hint: 'Stop what writes into the folder, then refresh.',
  };
}

function loadBroke(module: FoundModule, error: unknown): Finding {
  return {
    stage: 'load',
    code: brokeOffCode,
    severity: 'error',
    message: `The gateway could not load it: ${error instanceof Error ? error.message : error}`,
    file: module.entry,
    hint: isDiskFull(error)
      ? 'Make room on the disk that holds .dropgate. It is tried again every few seconds.'
      : 'Look at the disk and at the state folder .dropgate. It is tried again every few seconds.',
  };
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}

function failed(module: FoundModule, finding: Finding): GenerationOutcome {
  return { served: null, findings: [finding], watched: [module.entry] };
}
