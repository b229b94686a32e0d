import { relative } from 'node:path';
import type { InstallPlan } from '../../dependencies/install/install-result.ts';
import type { CheckedPackage } from '../../dependencies/installed-package.ts';
import type { FoundModule } from '../../protocol/module.ts';
import { showFinding } from '../show-findings.ts';
import type { Terminal } from '../terminal.ts';
import { count, table } from '../text-layout.ts';

/** A plan with the module it is for. */
export type ModulePlan = { readonly module: FoundModule; readonly plan: InstallPlan };

/** Whether an agent works as it is: nothing is missing or wrong. */
export function isInOrder({ plan }: ModulePlan): boolean {
  return plan.failure === null && plan.findings.every(({ severity }) => severity !== 'error');
}

/** Writes a plan for people. */
export function showPlan({ module, plan }: ModulePlan, terminal: Terminal, root: string): void {
  terminal.line(`${terminal.styled('bold', module.agentId)}  ${module.modulePath}`);
  const rows = plan.packages.map((one) => [`  ${one.name}`, one.range, stateOf(one)]);
  for (const line of table(rows)) terminal.line(line);
  for (const finding of plan.findings) {
    // What the table has just said needs no second saying.
    if (!isInTable(finding.code)) showFinding(terminal, finding, root);
  }
  if (plan.failure) {
    terminal.line(terminal.styled('red', `  ${plan.failure.message}`));
    terminal.line(`  → ${plan.failure.hint}`);
  }
  if (plan.resolved === null) return;
  const { packages, withScripts } = plan.resolved;
  const target = relative(root, plan.target);
  terminal.line(`  ${count(packages.length, 'package')} would go to ${target}.`);
  if (withScripts.length === 0) return;
  const scripts = withScripts.map(({ name, version }) => `${name}@${version}`).join(', ');
  terminal.line(`  With --allow-scripts, install scripts would run: ${scripts}.`);
}

function isInTable(code: string): boolean {
  return code === 'missing_dependency' || code === 'wrong_dependency_version';
}

function stateOf({ state, found, kind }: CheckedPackage): string {
  const needed = kind === 'peer' ? ', as a peer' : '';
  const version = found?.version ?? 'there';
  const copy = found?.isGatewayCopy ? ' (the gateway’s copy)' : '';
  if (state === 'missing') return `missing${needed}`;
  return state === 'ok' ? `ok, ${version}${copy}` : `wrong version, found ${version}${copy}`;
}

/** A plan for scripts. */
export function planAsJson({ module, plan }: ModulePlan): Readonly<Record<string, unknown>> {
  return {
    id: module.agentId,
    module_path: module.modulePath,
    target: plan.target,
    packages: plan.packages.map(({ name, range, kind, state, found }) => ({
      name,
      wanted: range,
      kind,
      state,
      found: found?.version ?? null,
      found_at: found?.path ?? null,
    })),
    findings: plan.findings,
    installs: plan.resolved?.packages ?? [],
    install_scripts: plan.resolved?.withScripts ?? [],
    error: plan.failure
      ? { code: plan.failure.code, message: plan.failure.message, hint: plan.failure.hint }
      : null,
  };
}
