import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { isGenericFile } from '../../cases/generic/generic-settings.ts';
import {
  type ForkReport,
  forkAnswer,
  type ReplayReport,
  replayAnswer,
} from '../../protocol/admin/replay-answer.ts';
import { runTestAnswer } from '../../protocol/admin/run-test.ts';
import { runAnswer } from '../../protocol/admin/runs-answer.ts';
import { connectGateway } from '../agents/gateway-client.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { showChange } from '../show-change.ts';

/** How long a run may take that goes on live; what follows a record to its end takes no more. */
const runTimeoutMs = 15 * 60_000;

/** How long a gateway may take to tell what it knows. */
const readTimeoutMs = 60_000;

export type ReplayOptions = {
  readonly generation?: 'recorded' | 'current';
  readonly fromStep?: number;
  readonly edit?: string;
  readonly json?: true;
};

/** `dropgate runs replay`: runs again what a run did, from its record, or from a step on live. */
export async function replayRun(
  context: CommandContext,
  runId: string,
  options: ReplayOptions,
): Promise<number> {
  const { fromStep, generation } = options;
  if (fromStep === undefined && options.edit !== undefined) {
    throw new CommandError(
      '--edit needs --from-step: the step that it is for.',
      exitCodes.wrongUsage,
    );
  }
  if (fromStep !== undefined && generation === 'current') {
    throw new CommandError(
      '--from-step goes on with the files of the record: leave out --generation.',
      exitCodes.wrongUsage,
    );
  }
  return fromStep === undefined
    ? replay(context, runId, options)
    : fork(context, runId, { ...options, fromStep });
}

async function replay(
  { projectRoot, terminal }: CommandContext,
  runId: string,
  { generation, json }: ReplayOptions,
): Promise<number> {
  const gateway = await connectGateway(projectRoot);
  const report = await gateway({
    method: 'POST',
    path: `${pathOf(runId)}/replay`,
    answer: replayAnswer,
    body: { generation },
    timeoutMs: runTimeoutMs,
  });
  const isSame = report.result === 'same';
  if (json) terminal.json(report);
  else if (isSame) {
    terminal.line(`same: ${report.agent}, generation ${report.generation}, did what it did then.`);
  } else showDifference({ terminal }, report);
  if (!json) terminal.note(`See its steps with \`dropgate runs show ${report.run}\`.`);
  return isSame ? exitCodes.done : exitCodes.foundProblems;
}

async function fork(
  { projectRoot, terminal }: CommandContext,
  runId: string,
  { fromStep, edit, json }: ReplayOptions & { readonly fromStep: number },
): Promise<number> {
  const edited = edit === undefined ? {} : { edit: await readEdit(edit) };
  const gateway = await connectGateway(projectRoot);
  const report = await gateway({
    method: 'POST',
    path: `${pathOf(runId)}/fork`,
    answer: forkAnswer,
    body: { from_step: fromStep, ...edited },
    timeoutMs: runTimeoutMs,
  });
  if (json) terminal.json(report);
  else if (report.difference) showDifference({ terminal }, report);
  else terminal.line(report.text);
  const ended = report.code === null ? report.outcome : `${report.outcome} (${report.code})`;
  if (!json) terminal.note(`${ended}: see its steps with \`dropgate runs show ${report.run}\`.`);
  const isWell = report.difference === null && report.outcome === 'finished';
  return isWell ? exitCodes.done : exitCodes.foundProblems;
}

/** `@path` is a file that holds it. */
async function readEdit(edit: string): Promise<string> {
  if (!edit.startsWith('@')) return edit;
  const path = edit.slice(1);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${path} cannot be read (${code}): --edit @<file> needs one that can.`);
  }
}

function pathOf(runId: string): string {
  return `/admin/runs/${encodeURIComponent(runId)}`;
}

function showDifference(
  { terminal }: Pick<CommandContext, 'terminal'>,
  { difference }: ReplayReport | ForkReport,
): void {
  if (!difference) return;
  const at = difference.step === null ? '' : ` at step ${difference.step}`;
  terminal.line(`differs${at}: ${difference.message}`);
  for (const change of difference.changes) showChange(terminal, change);
}

export type ToTestOptions = {
  readonly name?: string;
  readonly force?: true;
  readonly json?: true;
};

/** `dropgate runs to-test`: writes a recorded run beside its agent, as a case to run it by. */
export async function writeRunTest(
  { projectRoot, terminal }: CommandContext,
  runId: string,
  { name = runId, force, json }: ToTestOptions,
): Promise<number> {
  if (!/^[\w-][\w.-]{0,99}$/.test(name) || isGenericFile(`${name}.json`)) {
    throw new CommandError(
      `"${name}" is no name of a test: use letters, digits, - and _, and not "generic" alone.`,
      exitCodes.wrongUsage,
    );
  }
  const gateway = await connectGateway(projectRoot);
  const ask = { method: 'GET', timeoutMs: readTimeoutMs } as const;
  const { run } = await gateway({
    ...ask,
    path: pathOf(runId),
    answer: runAnswer,
    query: { limit: 1 },
  });
  const test = await gateway({ ...ask, path: `${pathOf(runId)}/test`, answer: runTestAnswer });
  const file = join(projectRoot, dirname(run.module_path), 'tests', `${name}.json`);
  await writeNew(file, `${JSON.stringify(test, null, 2)}\n`, force);
  const path = relative(projectRoot, file);
  if (json) terminal.json({ path, test });
  else terminal.line(`Wrote ${path}.`);
  return exitCodes.done;
}

async function writeNew(file: string, text: string, force: true | undefined): Promise<void> {
  try {
    await makeFolder(dirname(file));
    // Not through a link to a file elsewhere.
    if (force) await rm(file, { force: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      code === 'EEXIST'
        ? `${file} is there already. Give the test another --name, or replace it with --force.`
        : `${file} cannot be written (${code}).`,
    );
  }
}

/** Whoever wrote the agent may have put a link there, to write where it should not be written. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const there = join(await realpath(dirname(folder)), basename(folder));
  if ((await realpath(folder)) === there) return;
  throw new CommandError(`${folder} is a link, so nothing is written there. Make it a folder.`);
}
