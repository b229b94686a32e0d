import { isToolModuleId } from '../../protocol/module.ts';
import { createCatalog } from '../../registry/catalog.ts';
import { discoverTools, toolsFolder } from '../../registry/discovery/discover-tools.ts';
import { createFollowCrashes } from '../../registry/follow-crashes.ts';
import { createFollowPolicy } from '../../registry/follow-policy.ts';
import { createModuleLoads } from '../../registry/module-loads.ts';
import { createSyncAgents } from '../../registry/sync-agents.ts';
import { createFollowFiles } from '../../registry/watch/follow-files.ts';
import type { Tool } from '../../tools/tool.ts';
import type { Parts } from '../agent-processes.ts';
import { createSwap, type Deciding, reportedOf } from '../registry.ts';
import { createCallModule } from './call-module.ts';

/** Which modules give tools, and how they follow their files and the rules: as agents do, apart from them. */
export function createToolRegistry(parts: Parts, deciding: Deciding) {
  const { config, emit, toolModules } = parts;
  const { projectRoot } = config;
  const folder = toolsFolder(projectRoot);
  const plain = createCatalog();
  const catalog = {
    ...plain,
    put(entry: Parameters<typeof plain.put>[0]) {
      plain.put(entry);
      toolModules.changed();
    },
    remove(agentId: string) {
      plain.remove(agentId);
      toolModules.changed();
    },
    markScanned() {
      plain.markScanned();
      toolModules.changed();
    },
  };
  const swap = createSwap(parts, deciding, { catalog, isOwn: isToolModuleId });
  const call = createCallModule({
    run: parts.pool.run,
    enterHosted: parts.hostedRuns.enter,
    unknownHostedTools: () => parts.live.current().security.unknownHostedTools,
    decide: deciding.decide,
    emit,
  });
  toolModules.show(catalog, ({ load, manifest }): Tool => {
    const { description = '', parameters = {} } = manifest.tool ?? {};
    return { description, parameters, problem: () => null, call: call(load) };
  });
  const sync = createSyncAgents({
    ...swap,
    loads: createModuleLoads(swap),
    discover: (serving) => discoverTools({ projectRoot, folder, serving }),
    reportedBefore: reportedOf(parts, isToolModuleId),
    onSynced: (paths) => files.setModuleFiles(paths),
  });
  const files = createFollowFiles({
    roots: config.watch ? [folder] : null,
    settingsFiles: () => [],
    reloadSettings: async () => undefined,
    sync,
    emit,
  });
  parts.listen(createFollowCrashes({ catalog, emit }));
  const { decide, authorize, retire } = swap;
  const follow = { decide, authorize, catalog, retire, sync, leaveEdits: !config.watch, emit };
  parts.policy.onChange(createFollowPolicy(follow));
  return { sync, files };
}
