import { join } from 'node:path';
import {
  createDependencyInstaller,
  type DependencyInstaller,
} from '../../dependencies/install/dependency-installer.ts';
import type { InstallResult } from '../../dependencies/install/install-result.ts';
import { createPythonEnvironments } from '../../dependencies/python/environments.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { chooseModules } from './choose-modules.ts';
import { reloadAgents } from './reload-agents.ts';
import {
  installAsJson,
  isDone,
  type ModuleInstall,
  sharedAsJson,
  showInstall,
  showSharedInstall,
} from './show-install.ts';
import { isInOrder, type ModulePlan, planAsJson, showPlan } from './show-plan.ts';

/** Progress is shown of what takes longer than this, and again each time. */
const progressEveryMs = 5000;
const progressAfterMs = 1000;

/** `dropgate deps plan`: what would be installed where, and why; 1 where something is missing or wrong. */
export async function planDependencies(
  context: CommandContext,
  named: string | undefined,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  const { modules, installer, stop } = await prepare(context, named);
  const plans: ModulePlan[] = [];
  for (const module of modules) {
    if (stop.aborted) break;
    const progress = showProgress(context, `${module.agentId}: seeing what would be installed`);
    const plan = await installer.plan(module).finally(progress.end);
    if (named === undefined && plan.packages.length + plan.findings.length === 0) continue;
    plans.push({ module, plan });
    if (options.json) continue;
    if (plans.length > 1) terminal.line('');
    showPlan({ module, plan }, terminal, projectRoot);
  }
  const isWanting = plans.some((one) => !isInOrder(one));
  if (options.json) terminal.json({ agents: plans.map(planAsJson) });
  else if (plans.every(({ plan }) => plan.packages.length + plan.findings.length === 0))
    sayNoneDeclares(context, named);
  else if (plans.some(({ plan }) => plan.resolved !== null))
    terminal.note('Nothing was installed. `dropgate deps install` does it.');
  return isWanting || stop.aborted ? exitCodes.foundProblems : exitCodes.done;
}

/** `dropgate deps install`: gets each agent what it declares, then has a running gateway load it; 1 where one failed. */
export async function installDependencies(
  context: CommandContext,
  named: string | undefined,
  options: { readonly allowScripts?: true; readonly shared?: true; readonly json?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  const { modules: chosen, installer, stop } = await prepare(context, named);
  const modules = options.shared ? [] : chosen;
  const scripts = options.allowScripts ? 'run' : 'skip';
  const installs: ModuleInstall[] = [];
  for (const module of modules) {
    if (stop.aborted) break;
    const progress = showProgress(context, `${module.agentId}: installing`);
    const result = await installer.install(module, { scripts }).finally(progress.end);
    installs.push({ module, result });
    if (!options.json) showInstall({ module, result }, terminal, projectRoot);
  }
  const needsShared = options.shared === true || installs.some(sharesPython);
  const shared = needsShared && !stop.aborted ? await makeShared(context, installer) : null;
  if (shared && !options.json) showSharedInstall(shared, terminal);
  const changed = installs.filter(({ result }) => result.type === 'installed');
  const isChanged = changed.length > 0 || shared?.type === 'installed';
  const states = isChanged && !stop.aborted ? await reloadAgents(context) : null;
  const statusOf = ({ module }: ModuleInstall) => states?.get(module.agentId) ?? null;
  if (options.json) {
    terminal.json({
      agents: installs.map((one) => installAsJson(one, statusOf(one))),
      ...(shared ? { shared_python: sharedAsJson(shared) } : {}),
    });
  } else {
    if (!shared && installs.every(declaresNothing)) sayNoneDeclares(context, named);
    for (const one of changed) showStatus(context, one.module.agentId, statusOf(one));
  }
  const isWell =
    !stop.aborted &&
    installs.every(isDone) &&
    shared?.type !== 'failed' &&
    changed.every((one) => ['ready', null].includes(statusOf(one)));
  return isWell ? exitCodes.done : exitCodes.foundProblems;
}

async function prepare(context: CommandContext, named: string | undefined) {
  const config = await context.loadConfig('check');
  const modules = await chooseModules(config, named);
  const stop = new AbortController();
  void context.untilStopped().then(() => stop.abort());
  const { signal } = stop;
  const { environment, python } = config;
  const stateFolder = join(config.projectRoot, '.dropgate');
  const pythons = createPythonEnvironments({
    stateFolder,
    python,
    environment,
    environments: 'read',
  });
  const installer = createDependencyInstaller({ environment, pythons, signal });
  return { modules, installer, stop: signal };
}

/** Whether a module runs in the environment for those that declare nothing. */
function sharesPython({ module, result }: ModuleInstall): boolean {
  return module.language === 'python' && result.type === 'nothing_to_do' && !result.declares;
}

function makeShared(
  context: CommandContext,
  installer: DependencyInstaller,
): Promise<InstallResult> {
  const progress = showProgress(context, 'Making the environment that agents in Python share');
  return installer.installShared().finally(progress.end);
}

/** Says what is under way once it takes long, and that it still is. */
function showProgress({ terminal }: CommandContext, what: string): { readonly end: () => void } {
  const startedAtMs = performance.now();
  let timer = setTimeout(function show() {
    const seconds = Math.round((performance.now() - startedAtMs) / 1000);
    terminal.progress(seconds < 2 ? `${what} …` : `${what} … (${seconds} s)`);
    timer = setTimeout(show, progressEveryMs);
  }, progressAfterMs);
  return {
    end() {
      clearTimeout(timer);
      terminal.progress('');
    },
  };
}

function declaresNothing({ result }: ModuleInstall): boolean {
  return result.type === 'nothing_to_do' && !result.declares;
}

const declaring =
  'package.json that declares dependencies (in Python: requirements.txt, pyproject.toml or header)';

function sayNoneDeclares({ terminal }: CommandContext, named: string | undefined): void {
  terminal.note(
    named === undefined
      ? `No agent has a ${declaring}, so there is nothing to install.`
      : `${named} has no ${declaring}, so there is nothing to install.`,
  );
}

function showStatus({ terminal }: CommandContext, agentId: string, status: string | null): void {
  if (status === 'ready') terminal.line(`${agentId}: is ready.`);
  else if (status !== null) {
    terminal.line(`${agentId}: is ${status}. \`dropgate agents errors\` tells why.`);
  }
}
