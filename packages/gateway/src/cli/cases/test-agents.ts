import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Gateway, GatewayOptions } from '../../gateway.ts';
import { runStages } from '../../protocol/diagnostics.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { chooseAgents, isNamed } from './choose-agents.ts';
import { junitReport } from './junit.ts';
import { type ShownResults, showReport, showResults } from './show-report.ts';
import { serves, type Testing, testOnce } from './test-once.ts';
import type { TestReport } from './test-report.ts';
import { createFollowing, watchAgents } from './watch-agents.ts';

/** Progress is told of what takes longer than this. */
const PROGRESS_AFTER_MS = 1000;

export type TestOptions = Pick<Testing, 'repeat' | 'only' | 'upstream'> & {
  readonly json?: true;
  /** A file for the report. */
  readonly junit?: string;
  readonly watch?: true;
};

/**
 * `dropgate test`: tries each agent as callers use it, and plays the cases beside it; 1 where something fails, an agent does
 * not load, or nothing was tested.
 */
export async function testAgents(
  context: CommandContext,
  named: readonly string[],
  options: TestOptions,
): Promise<number> {
  const { terminal } = context;
  if (options.watch && (options.json || options.junit !== undefined)) {
    throw new CommandError(
      '--watch tells people what happens: leave --json and --junit out.',
      exitCodes.wrongUsage,
    );
  }
  const config = await testConfig(context, options);
  if (!options.json) for (const notice of config.notices) terminal.note(`warning: ${notice}`);
  if (options.upstream) terminal.note('Your upstreams are asked: each model call costs its price.');
  const shown = options.json ? silent : showResults(terminal);
  const stop = new AbortController();
  const stopped = context.untilStopped().then((signal) => {
    stop.abort(new CommandError(`Stopped by ${signal}.`));
    throw stop.signal.reason;
  });
  // Whoever waits for it below is told; afterwards nobody is.
  stopped.catch(() => undefined);
  const following = createFollowing();
  const gateway = await context.createGateway({
    ...gatewayOptions(context, config, options),
    onFollowed: following.onFollowed,
  });
  try {
    await Promise.race([load(context, gateway, named), stopped]);
    const testing: Testing = {
      ...options,
      gateway,
      endpoint: await gateway.trial.listen(),
      projectRoot: context.projectRoot,
      skipsLive: options.upstream || !hasUpstream(config) ? null : skipsLive,
      signal: stop.signal,
      shown,
    };
    if (options.watch) return await watchAgents(context, { named, testing, following, shown });
    const report = await testAll(named, testing);
    shown.flush();
    return await tell(context, report, options);
  } finally {
    await gateway.close('test ended');
  }
}

const skipsLive =
  'It has no answers of the model, and to ask yours costs money. Write `model:` into it, or give --upstream.';

async function testConfig(context: CommandContext, { watch }: TestOptions): Promise<Config> {
  const config = await context.loadConfig('check');
  return {
    ...config,
    watch: watch ?? false,
    // What an agent does is told in full where it does not say otherwise.
    toolEvents: 'extension',
    // Every agent is loaded once or twice, so the last spare would be warmed up for nothing.
    worker: { ...config.worker, spares: 0 },
  };
}

function gatewayOptions(
  context: CommandContext,
  config: Config,
  options: TestOptions,
): GatewayOptions {
  return {
    config,
    ...(options.watch && { reload: () => testConfig(context, options) }),
    log: 'none',
    purpose: 'test',
    ...(!options.upstream && { demoModels: true }),
  };
}

/** Whether a model that costs money may be asked. */
function hasUpstream({ upstreams, openAi }: Config): boolean {
  return Object.keys(upstreams).length > 0 || openAi.apiKey !== null || openAi.baseUrl !== null;
}

async function load(
  { terminal }: CommandContext,
  gateway: Gateway,
  named: readonly string[],
): Promise<void> {
  const progress = setTimeout(() => terminal.note('Loading agents …'), PROGRESS_AFTER_MS);
  try {
    await gateway.load((id) => isNamed(named, id));
  } finally {
    clearTimeout(progress);
  }
}

function testAll(named: readonly string[], testing: Testing): Promise<TestReport> {
  const agents = chooseAgents(named, testing.gateway.agents());
  return testOnce(
    agents.map((agent) => ({ agent, checks: true, files: null })),
    testing,
  );
}

async function tell(
  { terminal, projectRoot }: CommandContext,
  report: TestReport,
  { json, junit }: TestOptions,
): Promise<number> {
  if (junit !== undefined) await writeJunit(junit, report, projectRoot);
  if (json) terminal.json(report);
  else showReport(terminal, report, projectRoot);
  return passes(report) ? exitCodes.done : exitCodes.foundProblems;
}

/** What failed in a run is told by the check or the case of it. */
function passes({ passed, failed, errors, agents }: TestReport): boolean {
  const stagesOfRuns: readonly string[] = runStages;
  const atLoad = errors.filter(({ stage }) => !stagesOfRuns.includes(stage));
  return agents.every(serves) && atLoad.length === 0 && failed === 0 && passed > 0;
}

const silent: ShownResults = { check: () => {}, case: () => {}, flush: () => {} };

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
