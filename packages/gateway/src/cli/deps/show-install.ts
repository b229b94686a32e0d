import { relative } from 'node:path';
import type { InstallError, InstallResult } from '../../dependencies/install/install-result.ts';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { FoundModule } from '../../protocol/module.ts';
import { showFinding } from '../show-findings.ts';
import type { Terminal } from '../terminal.ts';
import { count } from '../text-layout.ts';

/** What an install did, with the module it was for. */
export type ModuleInstall = { readonly module: FoundModule; readonly result: InstallResult };

/** Whether all that was asked for was done. */
export function isDone({ result }: ModuleInstall): boolean {
  return result.type === 'installed' || result.type === 'nothing_to_do';
}

/** Writes for people what an install did. */
export function showInstall(
  { module, result }: ModuleInstall,
  terminal: Terminal,
  root: string,
): void {
  const { agentId } = module;
  switch (result.type) {
    case 'nothing_to_do':
      if (result.declares) terminal.line(`${agentId}: has all that it declares.`);
      break;
    case 'installed': {
      const folder = module.language === 'python' ? '.venv' : 'node_modules';
      const target = `${relative(root, module.folder)}/${folder}`;
      const packages = count(result.packages.length, 'package');
      terminal.line(`${agentId}: installed ${packages} in ${target}.`);
      for (const warning of result.warnings) showFinding(terminal, warning, root);
      if (result.skippedScripts.length > 0) {
        const names = result.skippedScripts.map(({ name, version }) => `${name}@${version}`);
        terminal.line(`  Install scripts did not run: ${names.join(', ')}.`);
        terminal.line('  → If the agent needs what they make, install with --allow-scripts.');
      }
      break;
    }
    case 'refused':
      showFinding(terminal, result.finding, root);
      break;
    case 'failed':
      showFailure(agentId, result.failure, terminal);
      break;
    default:
      result satisfies never;
  }
}

/** Writes for people what came of the environment that agents in Python share. */
export function showSharedInstall(result: InstallResult, terminal: Terminal): void {
  if (result.type === 'nothing_to_do') {
    terminal.line('Agents in Python that declare nothing have what they need.');
  } else if (result.type === 'installed') {
    const packages = count(result.packages.length, 'package');
    terminal.line(`Installed ${packages} in .dropgate/python for agents in Python.`);
  } else if (result.type === 'failed') {
    showFailure('agents in Python are not served', result.failure, terminal);
  }
}

/** The same for scripts. */
export function sharedAsJson(result: InstallResult): Readonly<Record<string, unknown>> {
  return {
    outcome: result.type,
    packages: result.type === 'installed' ? result.packages : [],
    error: result.type === 'failed' ? failureAsJson(result.failure) : null,
  };
}

function showFailure(about: string, failure: InstallError, terminal: Terminal): void {
  const { message, hint, output } = failure;
  terminal.line(terminal.styled('red', `error: ${about}: ${message}`));
  for (const line of output?.split('\n') ?? []) terminal.line(`    ${line}`.trimEnd());
  terminal.line(`  → ${hint}`);
}

/** What an install did, for scripts. `status` is the agent's in a running gateway, null where none runs. */
export function installAsJson(
  { module, result }: ModuleInstall,
  status: string | null,
): Readonly<Record<string, unknown>> {
  const failure = result.type === 'failed' ? result.failure : null;
  return {
    id: module.agentId,
    module_path: module.modulePath,
    outcome: result.type,
    packages: result.type === 'installed' ? result.packages : [],
    skipped_scripts: result.type === 'installed' ? result.skippedScripts : [],
    findings: findingsOf(result),
    error: failure ? failureAsJson(failure) : null,
    status,
  };
}

function failureAsJson({ code, message, hint, output }: InstallError) {
  return { code, message, hint, output };
}

function findingsOf(result: InstallResult): readonly Finding[] {
  if (result.type === 'refused') return [result.finding];
  return result.type === 'installed' ? result.warnings : [];
}
