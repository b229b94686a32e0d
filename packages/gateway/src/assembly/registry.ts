import { join } from 'node:path';
import { loadSettings } from '../config/settings-of-parts.ts';
import { createModuleRuntimes } from '../dependencies/module-runtime.ts';
import type { Authorize } from '../policy/authorize.ts';
import { workerUser } from '../pool/process/worker-user.ts';
import type { Decision, Question } from '../protocol/policy.ts';
import { createCatalog } from '../registry/catalog.ts';
import { createFollowPolicy } from '../registry/follow-policy.ts';
import { createGenerations } from '../registry/kept/generations.ts';
import { createLastKnownGood } from '../registry/kept/last-known-good.ts';
import { conditionsOf } from '../registry/kept/module-load.ts';
import { createLoadAgent } from '../registry/load-agent.ts';
import { createSyncAgents, type SyncAgents } from '../registry/sync-agents.ts';
import { createWatch } from '../registry/watch/watch.ts';
import type { Parts } from './parts.ts';

/** Which agents there are, and how they follow their files. */
export function createRegistry(
  parts: Parts,
  { authorize, decide }: { authorize: Authorize; decide: (question: Question) => Decision },
) {
  const { config, live, emit, pool, lifetime, stateFolder, ownPackage, kept } = parts;
  const { projectRoot, agentRoots: roots, namespace: defaultNamespace, python } = config;
  const catalog = createCatalog();
  const user = workerUser(config.worker);
  const generations = createGenerations(join(stateFolder, 'generations'), {
    readableBy: user?.gid ?? null,
  });
  const settings = () => loadSettings(live.current(), parts.upstreams.current());
  const conditions = () =>
    conditionsOf(settings(), [
      process.version,
      ownPackage.version,
      ownPackage.dependencies['@openai/agents'] ?? '',
      python ?? '',
    ]);
  const { prepare, retire } = pool;
  const { environment } = config;
  const runtimes = createModuleRuntimes({ stateFolder, python, environment, user });
  const loadPolicy = { decide, authorize: (question: Question) => authorize(question, null) };
  const sync = createSyncAgents({
    discovery: { projectRoot, roots, defaultNamespace },
    load: createLoadAgent({
      ...{ prepare, retire, generations, settings, conditions, ...runtimes },
      ...{ nowMs: Date.now, signal: lifetime.signal },
    }),
    lastKnownGood: createLastKnownGood({
      ...{ store: kept.generations, generations, settings, ...runtimes, emit },
    }),
    ...loadPolicy,
    toldBefore: () =>
      parts.observers.recentErrors.all().flatMap(({ module_path }) => module_path ?? []),
    onSynced: (files) => watch.setExtraFiles([...(config.watch ? files : []), ...live.files]),
    ...{ catalog, conditions, retire, emit },
  });
  parts.policy.onChange(
    createFollowPolicy({
      ...{ ...loadPolicy, catalog, retire, sync, emit },
      leaveEdits: !config.watch,
    }),
  );
  // The settings are followed in any case: rules have to hold without a restart.
  const watch = createWatch({
    roots: config.watch ? roots : [],
    onBatch: (changed) => void follow(parts, sync, changed),
    onFault: (error) => emit({ type: 'fault_survived', where: 'watching the agents', error }),
  });
  watch.setExtraFiles(live.files);
  return { catalog, sync, watch };
}

/** Makes a batch of changed files live: the settings first, then the agents, where they are watched. */
async function follow(
  { config, live, reloadSettings, emit }: Parts,
  sync: SyncAgents,
  changed: ReadonlySet<string>,
): Promise<void> {
  try {
    if (live.files.some((file) => changed.has(file))) await reloadSettings();
    if (config.watch) await sync({ force: false, changed });
  } catch (error) {
    emit({ type: 'fault_survived', where: 'reload', error });
  }
}
