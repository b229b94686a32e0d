import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ownFolder } from '../own-files.ts';
import { securityProblems, toSecuritySettings } from '../policy/settings.ts';
import type { Command } from './config.ts';
import type { ConfigProblem } from './config-error.ts';
import { type Origin, problemAt } from './problems.ts';
import type { EnvironmentSettings, Settings } from './schema.ts';
import { apiOf } from './to-config.ts';

/** Names of upstreams that point nowhere, or at one that speaks another API. */
export function wrongReferences(
  settings: Settings,
  environmentOnly: EnvironmentSettings,
  origin: Origin,
): ConfigProblem[] {
  const configured = Object.entries(settings.upstreams);
  const problems: ConfigProblem[] = [];
  const names = upstreamNames(settings, environmentOnly);
  const { upstream } = settings.defaults;
  if (upstream !== undefined && !names.includes(upstream)) {
    const hint =
      upstream === 'openai' && configured.length === 0 ? ' Set OPENAI_API_KEY to have it.' : '';
    const message = `There is no upstream ${JSON.stringify(upstream)}. Allowed: ${names.join(', ')}.${hint}`;
    problems.push(problemAt(['defaults', 'upstream'], message, origin, 'value'));
  }
  for (const [name, { fallback, ...asking }] of configured) {
    if (fallback === undefined) continue;
    const possible = configured.filter(
      ([other, { fallback: _, ...answering }]) =>
        other !== name && apiOf(answering) === apiOf(asking),
    );
    if (possible.some(([other]) => other === fallback)) continue;
    const others = possible.map(([other]) => other).join(', ') || 'none here';
    const message = `A fallback is another upstream that speaks ${apiOf(asking)}. Allowed: ${others}.`;
    problems.push(problemAt(['upstreams', name, 'fallback'], message, origin, 'value'));
  }
  return problems;
}

function upstreamNames(settings: Settings, environmentOnly: EnvironmentSettings): string[] {
  const configured = Object.keys(settings.upstreams);
  if (configured.length > 0) return [...configured, 'demo'];
  return environmentOnly.openai_api_key || environmentOnly.openai_base_url
    ? ['openai', 'demo']
    : ['demo'];
}

/** Variables of agents that would lead past the gateway: the way to models, and what is its own. */
export function wrongAgentVariables(settings: Settings, origin: Origin): ConfigProblem[] {
  const ownNames = [
    'OPENAI_API_KEY',
    'OPENAI_BASE_URL',
    'GATEWAY_STORE_URL',
    ...Object.values(settings.upstreams).flatMap(({ api_key_env: name }) => name ?? []),
    ...(settings.auth.users.open_webui ? [settings.auth.users.open_webui.jwt_secret_env] : []),
  ];
  return Object.entries(settings.agents).flatMap(([pattern, { env }]) =>
    Object.entries(env).flatMap(([name, from]) => {
      const path = ['agents', pattern, 'env', name];
      if (['OPENAI_API_KEY', 'OPENAI_BASE_URL'].includes(name)) {
        const message = `Agents reach models through the gateway, which sets ${name} itself. Remove it.`;
        return [problemAt(path, message, origin, 'key')];
      }
      if (!('env' in from) || !ownNames.includes(from.env)) return [];
      const message = `${from.env} is the gateway’s own; no agent is given it. Name another variable.`;
      return [problemAt([...path, 'env'], message, origin, 'value')];
    }),
  );
}

/** Rules that make no sense, such as conditions that name what there is not. */
export function wrongRules({ security }: Settings, origin: Origin): ConfigProblem[] {
  return securityProblems(toSecuritySettings(security)).map(({ path, message }) =>
    problemAt(['security', ...path], message, origin, 'value'),
  );
}

/** What workers in a sandbox are to be shown beside their own and is not there: none would start. */
export function wrongSandboxPaths(
  { worker }: Settings,
  projectRoot: string,
  origin: Origin,
): ConfigProblem[] {
  return (['sandbox_read', 'sandbox_write'] as const).flatMap((key) =>
    worker[key].flatMap((path, index) => {
      const absolute = resolve(projectRoot, path);
      if (existsSync(absolute)) return [];
      const message = `There is no ${absolute}. Make it, or remove it from the list.`;
      return [problemAt(['worker', key, index], message, origin, 'value')];
    }),
  );
}

type WorkerSettings = Pick<Settings['worker'], 'uid' | 'gid'>;

/** Commands that start workers; the others need not be root. */
const startWorkers: readonly Command[] = ['dev', 'start', 'check'];

/**
 * What is wrong with `worker.uid` and `worker.gid` here: only root may start processes of another user, and these have
 * to be able to enter the project and the gateway's own folder.
 */
export function wrongWorkerUser(
  { uid, gid = uid }: WorkerSettings,
  { command, projectRoot }: { readonly command: Command; readonly projectRoot: string },
  origin: Origin,
): ConfigProblem[] {
  const problem = (key: 'uid' | 'gid', message: string) => [
    problemAt(['worker', key], message, origin, 'key'),
  ];
  if (uid === undefined || gid === undefined) {
    return gid === undefined
      ? []
      : problem('gid', 'A group needs a user. Set worker.uid too, or remove it.');
  }
  if (!startWorkers.includes(command)) return [];
  if (process.getuid?.() !== 0) {
    return problem(
      'uid',
      'Workers can run as another user only where the gateway is started as root. Start it as root, or remove this line.',
    );
  }
  const closed = [projectRoot, ownFolder, dirname(process.execPath)]
    .map((folder) => closedFolder(folder, { uid, gid }))
    .find((folder) => folder !== null);
  return closed
    ? problem('uid', `User ${uid} cannot enter ${closed}. Let others pass through it (chmod o+x).`)
    : [];
}

/** The first folder on the way that a user cannot enter; null where the way is open. */
function closedFolder(
  folder: string,
  user: { readonly uid: number; readonly gid: number },
): string | null {
  const parent = dirname(folder);
  const above = parent === folder ? null : closedFolder(parent, user);
  const stats = above === null ? statSync(folder, { throwIfNoEntry: false }) : undefined;
  if (!stats) return above;
  const mayEnter =
    (stats.uid === user.uid && (stats.mode & 0o100) !== 0) ||
    (stats.gid === user.gid && (stats.mode & 0o010) !== 0) ||
    (stats.mode & 0o001) !== 0;
  return mayEnter ? null : folder;
}
