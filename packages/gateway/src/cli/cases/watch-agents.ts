import { relative, sep } from 'node:path';
import { testsFolder } from '../../cases/case-files.ts';
import { isGenericFile } from '../../cases/generic/generic-settings.ts';
import type { GatewayOptions } from '../../gateway.ts';
import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import type { CommandContext } from '../command.ts';
import { chooseAgents } from './choose-agents.ts';
import { type ShownResults, showReport } from './show-report.ts';
import { type Scope, type Testing, testOnce } from './test-once.ts';

/** Changes that were followed and not tested yet. */
export type Following = {
  readonly onFollowed: NonNullable<GatewayOptions['onFollowed']>;
  /** Takes what there is, once there is something; rejects with the reason of the signal. */
  readonly next: (signal: AbortSignal) => Promise<Followed>;
};

type Followed = {
  /** Absolute paths. */
  readonly changed: ReadonlySet<string>;
  /** Model ids of agents that were loaded anew, or failed to. */
  readonly loaded: ReadonlySet<string>;
};

/** Gathers what changes. */
export function createFollowing(): Following {
  let changed = new Set<string>();
  let loaded = new Set<string>();
  let arrived = Promise.withResolvers<void>();
  return {
    onFollowed(paths, report) {
      for (const path of paths) changed.add(path);
      for (const id of [...report.loaded, ...report.failed]) loaded.add(id);
      arrived.resolve();
    },
    async next(signal) {
      await Promise.race([arrived.promise, whenAborted(signal)]);
      signal.throwIfAborted();
      const followed = { changed, loaded };
      changed = new Set();
      loaded = new Set();
      arrived = Promise.withResolvers();
      return followed;
    },
  };
}

function whenAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

/** Tests, and then again what each edit concerns, until it is told to stop. */
export async function watchAgents(
  context: CommandContext,
  {
    named,
    testing,
    following,
    shown,
  }: {
    readonly named: readonly string[];
    readonly testing: Testing;
    readonly following: Following;
    readonly shown: Pick<ShownResults, 'flush'>;
  },
): Promise<number> {
  const { gateway, signal } = testing;
  // Wrong names are told at the start.
  let scopes: readonly Scope[] = all(chooseAgents(named, gateway.agents()));
  while (!signal.aborted) {
    if (scopes.length > 0) await testAndShow(context, scopes, { testing, shown });
    const followed = await following.next(signal).catch(() => null);
    if (followed) scopes = concerned(followed, chosen(named, gateway.agents()), testing);
  }
  return 0;
}

async function testAndShow(
  { terminal, projectRoot }: CommandContext,
  scopes: readonly Scope[],
  { testing, shown }: { readonly testing: Testing; readonly shown: Pick<ShownResults, 'flush'> },
): Promise<void> {
  try {
    const report = await testOnce(scopes, testing);
    shown.flush();
    showReport(terminal, report, projectRoot);
    terminal.note('\nWaiting for changes. Ctrl-C ends it.\n');
  } catch (error) {
    if (!testing.signal.aborted) throw error;
  }
}

function all(agents: readonly AgentStatus[]): Scope[] {
  return agents.map((agent) => ({ agent, checks: true, files: null }));
}

/** An agent that was named may be gone for a while. */
function chosen(named: readonly string[], agents: readonly AgentStatus[]): AgentStatus[] {
  const lower = named.map((name) => name.toLowerCase());
  const isNamed = ({ id }: AgentStatus) =>
    named.length === 0 || lower.some((name) => id === name || id.endsWith(`/${name}`));
  return agents.filter(isNamed);
}

function concerned(
  { changed, loaded }: Followed,
  agents: readonly AgentStatus[],
  { projectRoot }: Testing,
): Scope[] {
  return agents.flatMap((agent) => {
    if (loaded.has(agent.id)) return all([agent]);
    const folder = testsFolder(projectRoot, agent.module_path);
    const names = [...changed]
      .filter((path) => path.startsWith(folder + sep))
      .map((path) => ({ name: path.slice(folder.length + 1), path: relative(projectRoot, path) }));
    if (names.length === 0) return [];
    const checks = names.some(({ name }) => isGenericFile(name));
    return [{ agent, checks, files: new Set(names.map(({ path }) => path)) }];
  });
}
