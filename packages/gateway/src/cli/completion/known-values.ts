import { existsSync } from 'node:fs';
import { toolModuleId } from '../../protocol/module.ts';
import type { CommandContext } from '../command.ts';

/** The model ids of the agents in the project's folders. Loads none of them. */
export async function agentIds(context: CommandContext): Promise<readonly string[]> {
  const { chooseModules } = await import('../deps/choose-modules.ts');
  const modules = await chooseModules(await context.loadConfig('check'), undefined);
  return modules.map(({ agentId }) => agentId).filter((id) => !id.startsWith(toolModuleId('')));
}

/** The names of keys that work. Only of a store that is a file and is there: nothing is made or waited for. */
export async function keyNames(context: CommandContext): Promise<readonly string[]> {
  const { storeUrl } = await context.loadConfig('keys');
  const file = /^sqlite:(.+)$/.exec(storeUrl)?.[1];
  if (!file || !existsSync(file)) return [];
  const { openStore } = await import('../../storage/open-store.ts');
  const store = await openStore(storeUrl, { busyTimeoutMs: 200 });
  try {
    const keys = await store.keys.list();
    const working = keys.filter(({ revokedAtSeconds }) => revokedAtSeconds === null);
    return [...new Set(working.map(({ name }) => name))];
  } finally {
    await store.close();
  }
}
