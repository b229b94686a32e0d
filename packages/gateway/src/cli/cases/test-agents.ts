import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Gateway } from '../../gateway.ts';
import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { nearestIds } from '../../protocol/nearest.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { findCases } from './case-files.ts';
import { junitReport } from './junit.ts';
import { type CaseResult, playCases } from './play-cases.ts';
import { showReport, showResult } from './show-report.ts';
import type { TestReport } from './test-report.ts';

/** Progress is told of what takes longer than this. */
const PROGRESS_AFTER_MS = 1000;

export type TestOptions = {
  readonly json?: true;
  /** A file for the report. */
  readonly junit?: string;
  readonly repeat: number;
};

/**
 * `dropgate test`: loads agents as `check` does, but for what they reach outside, and plays the cases beside them; 1 where
 * one fails, an agent does not load, or there is no case.
 */
export async function testAgents(
  context: CommandContext,
  named: readonly string[],
  options: TestOptions,
): Promise<number> {
  const { terminal } = context;
  const config = await context.loadConfig('check');
  if (!options.json) for (const notice of config.notices) terminal.note(`warning: ${notice}`);
  const stop = new AbortController();
  const stopped = context.untilStopped().then((signal) => {
    stop.abort(new CommandError(`Stopped by ${signal}.`));
    throw stop.signal.reason;
  });
  // Whoever waits for it below is told; afterwards nobody is.
  stopped.catch(() => undefined);
  const gateway = await context.createGateway({
    // Every agent is loaded once or twice, so the last spare would be warmed up for nothing.
    config: { ...config, worker: { ...config.worker, spares: 0 } },
    log: 'none',
    purpose: 'test',
  });
  try {
    await Promise.race([loadAll(context, gateway), stopped]);
    const report = await play(context, gateway, { ...options, named, signal: stop.signal });
    if (options.junit !== undefined) await writeJunit(options.junit, report, context.projectRoot);
    if (options.json) terminal.json(report);
    else showReport(terminal, report, context.projectRoot);
    return passes(report) ? exitCodes.done : exitCodes.foundProblems;
  } finally {
    await gateway.close('test ended');
  }
}

async function loadAll({ terminal }: CommandContext, gateway: Gateway): Promise<void> {
  const progress = setTimeout(() => terminal.note('Loading agents …'), PROGRESS_AFTER_MS);
  try {
    await gateway.load();
  } finally {
    clearTimeout(progress);
  }
}

async function play(
  { projectRoot, terminal }: CommandContext,
  gateway: Gateway,
  { named, signal, repeat, json }: TestOptions & { named: readonly string[]; signal: AbortSignal },
): Promise<TestReport> {
  const all = gateway.agents();
  const diagnostics = gateway.diagnostics();
  const wanted = named.length === 0 ? all : chosen(named, all);
  const loaded = wanted.filter(({ status }) => status === 'ready' || status === 'degraded');
  const cases = await playCases(await findCases(projectRoot, loaded), {
    gateway,
    repeat,
    signal,
    onResult: (result) => json || showResult(terminal, result),
  });
  return reportOf(wanted, cases, errorsOf(diagnostics, named.length === 0 ? null : wanted));
}

/** Those of these agents, or all. */
function errorsOf(
  diagnostics: readonly Diagnostic[],
  agents: readonly AgentStatus[] | null,
): Diagnostic[] {
  const isAsked = ({ agent_id, module_path }: Diagnostic) =>
    agents?.some((one) => one.id === agent_id || one.module_path === module_path) ?? true;
  return diagnostics.filter((each) => each.severity === 'error' && isAsked(each));
}

function reportOf(
  agents: readonly AgentStatus[],
  cases: readonly CaseResult[],
  errors: readonly Diagnostic[],
): TestReport {
  const passed = cases.filter(({ result }) => result === 'passed').length;
  return {
    agents: agents.map(({ id, status }) => {
      return { id, status, cases: cases.filter(({ agent }) => agent === id).length };
    }),
    cases,
    passed,
    failed: cases.length - passed,
    errors,
  };
}

function passes({ cases, failed, errors, agents }: TestReport): boolean {
  const areLoaded = agents.every(({ status }) => status === 'ready' || status === 'degraded');
  return areLoaded && errors.length === 0 && failed === 0 && cases.length > 0;
}

/** Agents by their model ids, or by bare names that only one has. */
function chosen(named: readonly string[], all: readonly AgentStatus[]): AgentStatus[] {
  const wanted = named.map((name) => {
    const lower = name.toLowerCase();
    const exact = all.find(({ id }) => id === lower);
    const alike = exact ? [exact] : all.filter(({ id }) => id.endsWith(`/${lower}`));
    const [found, ...others] = alike;
    if (found && others.length === 0) return found;
    const ids = all.map(({ id }) => id);
    throw new CommandError(
      found
        ? `Several agents are named ${name}. Give the id of one: ${alike.map(({ id }) => id).join(', ')}.`
        : `There is no agent ${name}.${guess(nearestIds(lower, ids))} \`dropgate check\` tells which there are.`,
      exitCodes.wrongUsage,
    );
  });
  return [...new Set(wanted)];
}

function guess(near: readonly string[]): string {
  return near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
}

async function writeJunit(file: string, report: TestReport, projectRoot: string): Promise<void> {
  const path = resolve(projectRoot, file);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, junitReport(report));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file} cannot be written (${code}): --junit needs a file that can.`);
  }
}
