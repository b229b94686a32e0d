import { join } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import { findLinkOut } from './process/link-out.ts';
import { asksForPermissions, pathsAskedFor, readablePaths } from './process/node-permissions.ts';
import { type WorkerEntries, workerFolders } from './process/runtimes.ts';
import { type Environment, withheldAtStart } from './process/worker-env.ts';

/**
 * What keeps a module from being held to Node's permissions, which follow links to anywhere; null where nothing does or
 * it is not held. Looked at before each start of its process.
 */
export async function linkOutFinding(
  load: ModuleLoad,
  workerEnv: Environment,
  entries: WorkerEntries,
): Promise<Finding | null> {
  const { NODE_OPTIONS } = { ...load.env, ...workerEnv };
  if (load.language !== 'node' || !asksForPermissions(NODE_OPTIONS)) return null;
  const asked = pathsAskedFor(NODE_OPTIONS);
  if (asked.includes('*')) return null;
  const allowed = [...readablePaths(workerFolders(entries, load)), ...asked];
  const found = await findLinkOut(load.folder, allowed);
  if (found === null) return null;
  const about = { stage: 'load', severity: 'error' } as const;
  if (found.type === 'too_many') {
    return {
      ...about,
      code: 'folder_too_large',
      message: `${load.name} is held to Node's permissions and has more than ${found.limit} files, too many to look at for links that lead out of it.`,
      file: load.entry,
      hint: 'Move what the module does not need out of its folder.',
    };
  }
  return {
    ...about,
    code: 'link_leaves_module',
    message: `${found.link} leads to ${found.target}, out of the folder that Node's permissions hold ${load.name} to.`,
    file: found.link,
    hint: `Replace the link with what it leads to, or allow it beside --permission: --allow-fs-read=${found.target}`,
  };
}

/** Says which variables of a module's `.env` its process was started without. */
export function withheldFindings(load: ModuleLoad, workerEnv: Environment): Finding[] {
  return withheldAtStart(load.env, workerEnv).map((name) => ({
    stage: 'metadata',
    code: 'variable_withheld',
    severity: 'warning',
    message: `${name} in a module's .env has no effect: its process is started without, because it is held to Node's permissions by ${name in workerEnv ? 'the gateway' : '--permission'}.`,
    file: join(load.folder, '.env'),
    hint: `Remove it, or have the operator give ${name} to every worker with worker.env in gateway.yaml.`,
  }));
}
