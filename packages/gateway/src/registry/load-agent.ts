import { join } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import type { Manifest, ModuleLoad } from '../protocol/records.ts';
import type { ServedGeneration } from './catalog.ts';
import type { FoundModule } from './discover.ts';
import type { Generations } from './generations.ts';
import { readModuleEnv } from './module-env.ts';

/** What a worker made of a module. */
type PrepareResult =
  | { readonly type: 'loaded'; readonly manifest: Manifest }
  | {
      readonly type: 'load_failed';
      readonly findings: readonly Finding[];
      readonly files: readonly string[];
    };

export type LoadAgentDeps = {
  readonly prepare: (load: ModuleLoad, signal: AbortSignal) => Promise<PrepareResult>;
  readonly retire: (agentId: string, generation: number) => Promise<void>;
  readonly generations: Generations;
  /** What every load shares: export names, upstreams, the default model. */
  readonly settings: Pick<
    ModuleLoad,
    'exportNames' | 'upstreams' | 'defaultUpstream' | 'defaultModel'
  >;
  readonly nowMs: () => number;
  /** Aborts when the gateway closes. */
  readonly signal: AbortSignal;
};

export type LoadAgentResult = {
  /** Null where nothing was loaded. */
  readonly served: ServedGeneration | null;
  readonly findings: readonly Finding[];
  /** Files, present or not, whose change is a reason to load again. */
  readonly watched: readonly string[];
};

/** Loads one generation of a module and keeps its bytes. Never throws for a bad module. */
export type LoadAgent = (module: FoundModule, generation: number) => Promise<LoadAgentResult>;

/** How often a module is loaded again because its files changed while it loaded. */
const attemptLimit = 3;

export function createLoadAgent(deps: LoadAgentDeps): LoadAgent {
  return async (module, generation) => {
    if (module.language === 'python') return pythonUnsupported(module);
    for (let attempt = 0; attempt < attemptLimit; attempt += 1) {
      const result = await loadOnce(deps, module, generation);
      if (result) return result;
      await deps.retire(module.agentId, generation);
    }
    return failed(module, {
      stage: 'load',
      code: 'files_keep_changing',
      severity: 'error',
      message: 'The files changed each time while they were loaded.',
      file: module.entry,
      hint: 'Stop what writes into the folder, then refresh.',
    });
  };
}

async function loadOnce(
  deps: LoadAgentDeps,
  module: FoundModule,
  generation: number,
): Promise<LoadAgentResult | null> {
  const { agentId, modulePath, entry, folder, name, language } = module;
  const env = await readModuleEnv(folder);
  const load: ModuleLoad = {
    ...deps.settings,
    ...{ agentId, generation, language, modulePath, entry, folder, name },
    env: env.values,
    kept: null,
    keptFolder: deps.generations.folder,
  };
  const beside = [env.path, join(folder, 'package.json')];
  const result = await deps.prepare(load, deps.signal);
  if (result.type === 'load_failed') {
    const watched = [entry, ...beside, ...result.files];
    return { served: null, findings: [...env.findings, ...result.findings], watched };
  }
  const { manifest } = result;
  if (!(await deps.generations.keep(manifest.files))) return null;
  const kept = Object.fromEntries(manifest.files.map((file) => [file.path, file.sha256]));
  const loadedAtSeconds = Math.floor(deps.nowMs() / 1000);
  return {
    served: { generation, load: { ...load, kept }, manifest, loadedAtSeconds },
    findings: [...env.findings, ...manifest.warnings],
    watched: [entry, ...beside, ...manifest.files.map((file) => file.path)],
  };
}

function pythonUnsupported(module: FoundModule): LoadAgentResult {
  return failed(module, {
    stage: 'load',
    code: 'python_unsupported',
    severity: 'error',
    message: 'This version of Dropgate serves TypeScript and JavaScript agents only.',
    file: module.entry,
    hint: 'Write the agent as agent.ts with @openai/agents.',
  });
}

function failed(module: FoundModule, finding: Finding): LoadAgentResult {
  return { served: null, findings: [finding], watched: [module.entry] };
}
