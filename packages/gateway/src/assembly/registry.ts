import { join } from 'node:path';
import { settingsForLoads } from '../config/settings-of-parts.ts';
import { createModuleRuntimes } from '../dependencies/module-runtime.ts';
import type { Authorize } from '../policy/authorize.ts';
import { workerUser } from '../pool/process/worker-user.ts';
import { isToolModuleId } from '../protocol/module.ts';
import type { Decision, Question } from '../protocol/policy.ts';
import { createCatalog } from '../registry/catalog.ts';
import { discover } from '../registry/discovery/discover.ts';
import { createFollowCrashes } from '../registry/follow-crashes.ts';
import { createFollowPolicy } from '../registry/follow-policy.ts';
import { createFollowPorts } from '../registry/follow-ports.ts';
import { createJudgeAnew } from '../registry/judge-anew.ts';
import { createFindAgain } from '../registry/kept/find-again.ts';
import { createGenerations } from '../registry/kept/generations.ts';
import type { GivenEnv } from '../registry/kept/given-env.ts';
import { createInterruptedFiles } from '../registry/kept/interrupted-files.ts';
import { createLastKnownGood } from '../registry/kept/last-known-good.ts';
import { conditionsOf, type LoadSettings } from '../registry/kept/module-load.ts';
import { createLoadGeneration } from '../registry/load-generation.ts';
import { createModuleLoads } from '../registry/module-loads.ts';
import { createRollBack } from '../registry/roll-back.ts';
import type { SwapDeps } from '../registry/swap-generation.ts';
import { createSyncAgents, watchedFiles } from '../registry/sync-agents.ts';
import { createFollowFiles } from '../registry/watch/follow-files.ts';
import { toolFindingCodes, toolFindings } from '../tools/tool-findings.ts';
import type { Parts } from './agent-processes.ts';
import { createHiddenEnv, hideInRuntimes } from './hide-secrets.ts';
import { createGate } from './replay/gate.ts';

/** What decides about modules: rules, with a record of each question and without one. */
export type Deciding = {
  readonly authorize: Authorize;
  readonly decide: (question: Question) => Decision;
};

/** Which agents there are, and how they follow their files and the rules. */
export function createRegistry(parts: Parts, deciding: Deciding) {
  const { config, live, emit, reloadSettings, nowSeconds } = parts;
  const { projectRoot, agentRoots: roots, namespace: defaultNamespace } = config;
  const swap = createSwap(parts, deciding, { catalog: createCatalog(), isOwn });
  const { catalog, retire, decide, authorize } = swap;
  const loads = createModuleLoads(swap);
  const sync = createSyncAgents({
    ...swap,
    loads,
    discover: (serving) => discover({ projectRoot, roots, defaultNamespace, serving }),
    reportedBefore: reportedOf(parts, isOwn),
    onSynced: (paths) => {
      files.setModuleFiles(paths);
      // What was kept was judged by the tools of then.
      judgeTools();
      parts.reportSettings.scanned(catalog.list().map(({ module }) => module.agentId));
    },
  });
  const onSynced = () => files.setModuleFiles(watchedFiles(catalog));
  const rollBack = createRollBack({ ...swap, loads, nowSeconds, onSynced });
  const files = createFollowFiles({
    roots: config.watch ? roots : null,
    settingsFiles: live.files,
    reloadSettings,
    sync,
    onFollowed: parts.onFollowed,
    emit,
  });
  const judgeTools = createJudgeAnew({
    catalog,
    codes: toolFindingCodes,
    judge: ({ manifest, load }) => toolFindings(manifest, load, parts.tools),
    emit,
  });
  parts.tools.onChange(judgeTools);
  parts.listen(createFollowCrashes({ catalog, emit }));
  parts.listen(
    createFollowPorts({
      catalog,
      isIdle: (agentId, generation) =>
        parts.pool
          .workers()
          .every(
            (each) =>
              each.agentId !== agentId || each.generation !== generation || each.activeRuns === 0,
          ),
      retry(module) {
        loads
          .begin(module, { cause: 'asked' })
          .catch((error: unknown) => emit({ type: 'fault_survived', where: 'reload', error }));
      },
      later: (callback, afterMs) => callLater(callback, afterMs, parts.lifetime.signal),
    }),
  );
  const follow = { decide, authorize, catalog, retire, sync, leaveEdits: !config.watch, emit };
  parts.policy.onChange(createFollowPolicy(follow));
  return { catalog, sync, files, rollBack, ...foundAgain(parts, swap) };
}

/** Generations that do not serve, or not here. */
function foundAgain(parts: Parts, swap: SwapDeps) {
  const interruptedFiles = createInterruptedFiles({
    ...swap,
    generations: generationsOf(parts),
    store: parts.store.approvals,
  });
  const findAgain = createFindAgain({ ...swap, restore: interruptedFiles.restore });
  return { findAgain, interruptedFiles };
}

function isOwn(agentId: string): boolean {
  return !isToolModuleId(agentId);
}

/** Paths of modules that an earlier gateway reported something about. */
export function reportedOf(
  { observers }: Pick<Parts, 'observers'>,
  isOfSet: (agentId: string) => boolean,
): () => string[] {
  return () =>
    observers.diagnostics
      .all()
      .filter(({ agent_id: id }) => isOfSet(id ?? ''))
      .flatMap(({ module_path: path }) => path ?? []);
}

/** Modules that are found and kept apart from others. */
type ModuleSet = Pick<SwapDeps, 'catalog'> & {
  readonly isOwn: (agentId: string) => boolean;
};

/** What a load of a module takes, and what becomes of it. */
export function createSwap(
  parts: Parts,
  { authorize, decide }: Deciding,
  { catalog, isOwn }: ModuleSet,
): SwapDeps {
  const { config, purpose, live, emit, pool, lifetime, stateFolder, ownPackage, kept } = parts;
  const { projectRoot, environment, python } = config;
  const { prepare, retire } = pool;
  const user = workerUser(config.worker);
  // The Python in a module's folder is its author's program: what a sandbox is for does not run outside of it.
  const environments = config.worker.sandbox === 'none' ? 'started' : 'read';
  const runtimes = hideInRuntimes(
    createModuleRuntimes({ stateFolder, python, environment, user, environments }),
    parts.secrets,
  );
  const generations = generationsOf(parts);
  const settings = (): LoadSettings => ({
    ...settingsForLoads(live.current(), parts.upstreams.current()),
    ...(purpose === 'test' && { replay: 'closed' }),
  });
  const sdkVersion = ownPackage.dependencies['@openai/agents'] ?? '';
  const versions = [process.version, ownPackage.version, sdkVersion, python ?? ''];
  const conditions = (given: GivenEnv['values']) => conditionsOf(settings(), versions, given);
  const giveEnv = createHiddenEnv(parts.secrets, live);
  const loading = { generations, settings, giveEnv, ...runtimes };
  return {
    load: createLoadGeneration({
      ...loading,
      projectRoot,
      prepare,
      retire,
      conditions,
      nowMs: Date.now,
      signal: lifetime.signal,
    }),
    lastKnownGood: createLastKnownGood({ ...loading, store: kept.generations, isOwn, emit }),
    decide,
    authorize: (question) => authorize(question, null),
    catalog,
    conditions: async (module) => conditions((await giveEnv(module)).values),
    retire,
    rest: pool.rest,
    gate: createGate(parts),
    emit,
  };
}

/** The bytes of generations on this machine. */
function generationsOf({ config, stateFolder }: Pick<Parts, 'config' | 'stateFolder'>) {
  const readableBy = workerUser(config.worker)?.gid ?? null;
  return createGenerations(join(stateFolder, 'generations'), { readableBy });
}

function callLater(callback: () => void, afterMs: number, stopping: AbortSignal): void {
  setTimeout(() => stopping.aborted || callback(), afterMs).unref();
}
