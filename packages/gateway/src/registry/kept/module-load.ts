import { createHash } from 'node:crypto';
import type { FoundModule } from '../../protocol/module.ts';
import type { ModuleLoad } from '../../protocol/records.ts';

/** What every load shares: export names, upstreams, defaults, and whether anything outside is reached. */
export type LoadSettings = Pick<
  ModuleLoad,
  'exportNames' | 'upstreams' | 'defaultUpstream' | 'defaultModel' | 'replay'
>;

/** Says what a worker needs to load a generation; `kept` null loads from disk. */
export function toModuleLoad(
  module: FoundModule,
  rest: LoadSettings &
    Pick<ModuleLoad, 'generation' | 'env' | 'interpreter' | 'kept' | 'keptFolder'>,
): ModuleLoad {
  const { agentId, modulePath, entry, folder, name, language, serves } = module;
  const load = { ...rest, agentId, modulePath, entry, folder, name, language };
  return serves ? { ...load, serves } : load;
}

/**
 * A hash of what a description depends on beside the files: under other conditions a module is loaded anew.
 *
 * @param runtimes - Versions of Node and of the gateway's own SDK copy.
 * @param given - Variables that the operator gives to the module.
 */
export function conditionsOf(
  settings: LoadSettings,
  runtimes: readonly string[],
  given: Readonly<Record<string, string>>,
): string {
  const entries = Object.entries(given).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([settings, runtimes, ...entries]))
    .digest('hex');
}
