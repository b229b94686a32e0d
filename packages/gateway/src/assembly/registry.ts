import { join } from 'node:path';
import { loadSettings, upstreamSettings } from '../config/settings-of-parts.ts';
import type { Authorize } from '../policy/authorize.ts';
import { createCatalog } from '../registry/catalog.ts';
import { createGenerations } from '../registry/generations.ts';
import { createLastKnownGood } from '../registry/last-known-good.ts';
import { createLoadAgent } from '../registry/load-agent.ts';
import { conditionsOf } from '../registry/module-load.ts';
import { createModuleRuntimes } from '../registry/module-runtime.ts';
import { createSyncAgents, type SyncAgents } from '../registry/sync-agents.ts';
import { createWatch } from '../registry/watch.ts';
import type { Parts } from './parts.ts';

/** Which agents there are, and how they follow their files. */
export function createRegistry(parts: Parts, authorize: Authorize) {
  const { config, live, emit, pool, lifetime, stateFolder, facts, kept } = parts;
  const { projectRoot, agentRoots: roots, namespace: defaultNamespace, python } = config;
  const catalog = createCatalog();
  const generations = createGenerations(join(stateFolder, 'generations'));
  const settings = () => loadSettings(live.current(), parts.upstreams.current());
  const conditions = () =>
    conditionsOf(settings(), [process.version, facts.version, facts.sdkVersion, python ?? '']);
  const { prepare, retire } = pool;
  const { environment } = config;
  const runtimes = createModuleRuntimes({ stateFolder, python, environment });
  const sync = createSyncAgents({
    discovery: { projectRoot, roots, defaultNamespace },
    load: createLoadAgent({
      ...{ prepare, retire, generations, settings, conditions, ...runtimes },
      ...{ nowMs: Date.now, signal: lifetime.signal },
    }),
    lastKnownGood: createLastKnownGood({
      ...{ store: kept.generations, generations, settings, ...runtimes, emit },
    }),
    authorize: (question) => authorize(question, null),
    onSynced: (files) => watch?.setExtraFiles([...files, ...live.files]),
    ...{ catalog, conditions, retire, emit },
  });
  const watch = config.watch
    ? createWatch({
        roots,
        onBatch: (changed) => void follow(parts, sync, changed),
        onFault: (error) => emit({ type: 'fault_survived', where: 'watching the agents', error }),
      })
    : null;
  return { catalog, sync, watch };
}

/** Makes a batch of changed files live: the settings first, then the agents. */
async function follow(
  { live, upstreams, emit }: Parts,
  sync: SyncAgents,
  changed: ReadonlySet<string>,
): Promise<void> {
  try {
    if (live.files.some((file) => changed.has(file))) {
      const findings = await live.reload();
      upstreams.replace(upstreamSettings(live.current()));
      const about = { agentId: null, modulePath: live.path, servingGeneration: null };
      emit({ type: 'findings_reported', ...about, findings });
    }
    await sync({ force: false, changed });
  } catch (error) {
    emit({ type: 'fault_survived', where: 'reload', error });
  }
}
