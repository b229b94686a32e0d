import { join } from 'node:path';
import { settingsForLoads } from '../config/settings-of-parts.ts';
import { createModuleRuntimes } from '../dependencies/module-runtime.ts';
import type { Authorize } from '../policy/authorize.ts';
import { workerUser } from '../pool/process/worker-user.ts';
import type { Decision, Question } from '../protocol/policy.ts';
import { createCatalog } from '../registry/catalog.ts';
import { createFollowPolicy } from '../registry/follow-policy.ts';
import { createGenerations } from '../registry/kept/generations.ts';
import type { GivenEnv } from '../registry/kept/given-env.ts';
import { createLastKnownGood } from '../registry/kept/last-known-good.ts';
import { conditionsOf } from '../registry/kept/module-load.ts';
import { createLoadGeneration } from '../registry/load-generation.ts';
import { createSyncAgents } from '../registry/sync-agents.ts';
import { createFollowFiles } from '../registry/watch/follow-files.ts';
import type { Parts } from './parts.ts';
import { createHiddenEnv, hideInRuntimes } from './secrets.ts';

/** Which agents there are, and how they follow their files and the rules. */
export function createRegistry(
  parts: Parts,
  { authorize, decide }: { authorize: Authorize; decide: (question: Question) => Decision },
) {
  const { config, live, emit, pool, lifetime, stateFolder, ownPackage, kept, reloadSettings } =
    parts;
  const { projectRoot, agentRoots: roots, namespace: defaultNamespace } = config;
  const { environment, python } = config;
  const { prepare, retire } = pool;
  const catalog = createCatalog();
  const user = workerUser(config.worker);
  const runtimes = hideInRuntimes(
    createModuleRuntimes({ stateFolder, python, environment, user }),
    parts.secrets,
  );
  const generations = createGenerations(join(stateFolder, 'generations'), {
    readableBy: user?.gid ?? null,
  });
  const settings = () => settingsForLoads(live.current(), parts.upstreams.current());
  const sdkVersion = ownPackage.dependencies['@openai/agents'] ?? '';
  const versions = [process.version, ownPackage.version, sdkVersion, python ?? ''];
  const conditions = (given: GivenEnv['values']) => conditionsOf(settings(), versions, given);
  const giveEnv = createHiddenEnv(parts.secrets, live);
  const loading = { generations, settings, giveEnv, ...runtimes };
  const policy = { decide, authorize: (question: Question) => authorize(question, null) };
  const sync = createSyncAgents({
    discovery: { projectRoot, roots, defaultNamespace },
    load: createLoadGeneration({
      ...loading,
      projectRoot,
      prepare,
      retire,
      conditions,
      nowMs: Date.now,
      signal: lifetime.signal,
    }),
    lastKnownGood: createLastKnownGood({ ...loading, store: kept.generations, emit }),
    ...policy,
    catalog,
    conditions: async (module) => conditions((await giveEnv(module)).values),
    retire,
    reportedBefore: () =>
      parts.observers.diagnostics.all().flatMap(({ module_path }) => module_path ?? []),
    onSynced: (paths) => files.setModuleFiles(paths),
    emit,
  });
  const files = createFollowFiles({
    roots: config.watch ? roots : null,
    settingsFiles: live.files,
    reloadSettings,
    sync,
    emit,
  });
  const leaveEdits = !config.watch;
  parts.policy.onChange(createFollowPolicy({ ...policy, catalog, retire, sync, leaveEdits, emit }));
  return { catalog, sync, files };
}
