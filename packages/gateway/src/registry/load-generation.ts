import { join } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FindRuntime, FoundModule } from '../protocol/module.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { LoadAnswer } from '../protocol/worker/messages.ts';
import type { ServedGeneration } from './catalog.ts';
import type { Generations } from './kept/generations.ts';
import { readModuleEnv } from './kept/module-env.ts';
import { type LoadSettings, toModuleLoad } from './kept/module-load.ts';
import { filesOnly, namedFiles } from './watch/named-files.ts';

export type LoadGenerationDeps = {
  readonly prepare: (load: ModuleLoad, signal: AbortSignal) => Promise<LoadAnswer>;
  readonly retire: (agentId: string, generation: number) => Promise<void>;
  readonly generations: Generations;
  readonly settings: () => LoadSettings;
  /** Absolute; nothing outside of it is watched because a module names it. */
  readonly projectRoot: string;
  readonly conditions: () => string;
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
  if (missing.some(({ severity }) => severity === 'error')) {
    return { served: null, findings: missing, watched: [module.entry, ...beside] };
  }
  if (runtime.finding) {
    return { served: null, findings: [runtime.finding], watched: [module.entry, ...beside] };
  }
  const { env, envSha256, findings } = origin
    ? { env: origin.load.env, envSha256: origin.envSha256, findings: [] }
    : await readEnv(deps, module);
  const load = toModuleLoad(module, {
    ...deps.settings(),
    generation,
    env,
    kept: origin?.load.kept ?? null,
    interpreter: runtime.interpreter,
    keptFolder: deps.generations.folder,
  });
  const known = [...missing, ...findings];
  const result = await deps.prepare(load, AbortSignal.any([signal, deps.signal]));
  if (result.type === 'load_failed') {
    // A worker that is ended because the gateway closes says nothing of its module.
    deps.signal.throwIfAborted();
    const watched = [module.entry, ...beside, ...(await filesOnly(result.files))];
    return { served: null, findings: [...known, ...result.findings], watched };
  }
  const { manifest } = result;
  if (!(await deps.generations.keep(manifest.files))) return null;
  const kept = Object.fromEntries(manifest.files.map((file) => [file.path, file.sha256]));
  const loadedAtSeconds = Math.floor(deps.nowMs() / 1000);
  const conditions = deps.conditions();
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
      load: { ...load, kept },
    },
    findings: [...known, ...manifest.warnings, ...named.findings],
    watched: [...beside, module.entry, ...loaded, ...named.paths],
  };
}

async function readEnv(deps: LoadGenerationDeps, module: FoundModule) {
  const { bytes, values: env, findings } = await readModuleEnv(module.folder);
  const envSha256 = bytes && (await deps.generations.keepNow(bytes));
  return { env, envSha256, findings };
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
    code: 'load_broke_off',
    severity: 'error',
    message: `The gateway could not load it: ${error instanceof Error ? error.message : error}`,
    file: module.entry,
    hint: isDiskFull(error)
      ? 'Make room on the disk that holds .dropgate, then refresh.'
      : 'Look at the disk and at the state folder .dropgate, then refresh.',
  };
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}

function failed(module: FoundModule, finding: Finding): GenerationOutcome {
  return { served: null, findings: [finding], watched: [module.entry] };
}
