import { basename } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { type OwnFrame, ownFrames, type Place } from '../explain/code-place.ts';
import { describeThrown, type FailureContext, locate } from '../explain/failure-context.ts';
import type { ModuleFacts } from '../facts/module-facts.ts';
import { ProcessExit } from '../load/process-exit.ts';
import { callsAtLoad, type RefusedAtLoad } from './calls-at-load.ts';
import { createHeldRun, type HeldRun } from './held-run.ts';
import { createImportWait, waitHint } from './import-wait.ts';
import { watchPorts } from './open-ports.ts';
import { guard, type Told } from './own-program.ts';

/** What a module does as a script while it is loaded: its agent is served whatever becomes of it. */
export type LoadScript = {
  readonly onRefused: (refused: RefusedAtLoad) => void;
  /** Its run of an agent that nothing but its inside holds. */
  readonly held: HeldRun;
  /** True for a call of its `main()` that comes after the load: nothing else has led there. */
  readonly isLate: (call: Error) => boolean;
  /** Tells the log of such a call, once for each line. */
  readonly onLate: (refused: RefusedAtLoad) => void;
  /** The load is over. */
  readonly end: () => void;
  /** True where an error that nobody caught, or an exit, is one of the script's; the load goes on. */
  readonly takes: (error: unknown) => boolean;
  /** True where the import failed of the script alone: what the agent needs was there before. */
  readonly isAllThatFailed: (error: unknown) => boolean;
  /** True where the import waits for something that the agent does not need; then that is told. */
  readonly mayLeave: () => boolean;
  /** True where the import was left waiting. */
  readonly isLeft: () => boolean;
  /** Takes the names that held a value when the import failed. */
  readonly stopped: (values: Readonly<Record<string, unknown>>) => void;
  /** The finding with the place where the import waited, where its error tells none. */
  readonly located: (finding: Finding) => Finding;
  /** The failure of a module that needs what it was refused; null where the error comes of no refusal. */
  readonly neededCall: (error: unknown) => Finding | null;
  /** The first failure that was no consequence of a refusal; null where there is none. */
  readonly failure: () => unknown;
  /** Warnings of a module that is served. */
  readonly findings: () => Finding[];
};

/** @param facts - Of the entry, once its text is read. */
export function createLoadScript(
  { load, sources }: Pick<FailureContext, 'load' | 'sources'>,
  facts: () => ModuleFacts,
): LoadScript {
  const refusals: RefusedAtLoad[] = [];
  const failures: unknown[] = [];
  const wait = createImportWait(facts);
  const held = createHeldRun(load.entry, facts);
  const topLevelLine = (error: unknown) => {
    const frames = ownFrames(error).filter(({ file }) => file === load.entry);
    return frames.find((frame) => !facts().script.isInFunction(frame))?.line;
  };
  const told = { file: basename(load.entry), sources, isCommonJs: () => facts().isCommonJs };
  const ports = watchPorts(told);
  return {
    end() {
      ports.end();
      callsAtLoad.end(facts().script.startsRuns);
    },
    onRefused: (call) => void refusals.push(call),
    held,
    ...createLateCalls(load.entry, facts, told),
    takes(error) {
      if (refusals.length > 0 || failures.includes(error)) return true;
      const [frame] = ownFrames(error);
      if (frame?.file !== load.entry || !facts().script.isInFunction(frame)) return false;
      failures.push(error);
      return true;
    },
    isAllThatFailed(error) {
      const { script } = facts();
      const lines = [error, ...refusals].map(topLevelLine);
      const line = lines.find((each) => each !== undefined);
      if (line === undefined || !script.isPastAgent(line)) return false;
      const isItsOwn = refusals.length === 0 && script.isCall(line);
      if (isItsOwn) failures.push(error);
      return isItsOwn || refusals.length > 0;
    },
    mayLeave: wait.mayLeave,
    isLeft: () => wait.leftAt() !== null,
    stopped: wait.stopped,
    located: (finding) =>
      isPlaceless(finding, load.entry)
        ? { ...finding, ...locate(load.entry, wait.place(), sources) }
        : finding,
    neededCall(error) {
      const line = topLevelLine(error);
      const isIt = (each: unknown) => each === error || (line && topLevelLine(each) === line);
      const refused = refusals.find(isIt);
      return refused ? explainNeeded(refused, told) : null;
    },
    failure: () => failures[0] ?? null,
    findings: () => [
      ...explainCalls(refusals, held.untaken(), told),
      ...explainFailures(refusals.length > 0 ? [] : failures, told),
      ...explainLeft(wait.leftAt(), load.entry, told),
      ...ports.findings(),
    ],
  };
}

/** What the file's own `main()` asks after the load. */
function createLateCalls(
  entry: string,
  facts: () => ModuleFacts,
  told: Told,
): Pick<LoadScript, 'isLate' | 'onLate'> {
  const lines = new Set<string>();
  return {
    isLate(call) {
      const frame = ownFrames(call).at(-1);
      const lines = call.stack?.trimEnd().split('\n') ?? [];
      // What goes on behind an `await` may stand on Node's queue.
      const last = lines.findLast((line) => !line.includes('node:internal/process/task_queues'));
      const isLast = last?.includes(`${entry}:`) ?? false;
      return isLast && frame?.file === entry && facts().script.isInStarted(frame);
    },
    onLate(refused) {
      const { said } = described(refused, told, 'after it was loaded');
      if (lines.has(said)) return;
      lines.add(said);
      process.stderr.write(
        `${said}, which is refused: it would cost at each save. Put it under \`${guard(told)}\`, or permit it: ${permission}.\n`,
      );
    },
  };
}

/** Codes of failures of which only the place is unknown. */
const placeless = new Set([
  'load_timeout',
  'import_failed',
  'missing_file',
  'missing_program',
  'missing_variable',
]);

/** True for a failure of the entry of which the line is all that is missing. */
function isPlaceless({ code, file, line }: Finding, entry: string): boolean {
  return placeless.has(code) && line === undefined && (file ?? entry) === entry;
}

const permission = "`export const __gateway__ = { calls_at_load: 'allow' };`";

/** One for each line. */
function explainCalls(
  refusals: readonly RefusedAtLoad[],
  untaken: RefusedAtLoad | null,
  told: Told,
): Iterable<Finding> {
  const all = untaken ? [...refusals, untaken] : refusals;
  const calls = all.map((refused) => explainRefused(refused, told));
  return new Map(calls.map((finding) => [`${finding.file}:${finding.line}`, finding])).values();
}

function explainRefused(refused: RefusedAtLoad, told: Told): Finding {
  const { said, place } = described(refused, told);
  return {
    stage: 'load',
    code: 'call_at_load',
    severity: 'warning',
    message: `${said}, which is refused: it would cost at each save.`,
    ...place,
    hint: `Put it under \`${guard(told)}\`, or permit it: ${permission}.`,
  };
}

function explainNeeded(refused: RefusedAtLoad, told: Told): Finding {
  const { said, place } = described(refused, told);
  return {
    stage: 'load',
    code: 'call_at_load',
    severity: 'error',
    message: `${said}, which is refused: it would cost at each save. What follows is needed for the agent.`,
    ...place,
    hint: `Move it to the end of the file, or permit it: ${permission}.`,
  };
}

function described(refused: RefusedAtLoad, { file, sources }: Told, when = 'while it is loaded') {
  const [frame] = ownFrames(refused);
  const where = frame ? ` (line ${frame.line})` : '';
  const asking = frame ? basename(frame.file) : file;
  return {
    said: `${asking} asks a model ${when}${where}`,
    place: placed(frame, sources),
  };
}

/** Of the first of them. */
function explainFailures([error]: readonly unknown[], told: Told): Finding[] {
  if (error === undefined) return [];
  const [frame] = ownFrames(error);
  const said =
    error instanceof ProcessExit
      ? `it ended itself with exit code ${error.exitCode}`
      : describeThrown(error);
  const where = frame ? `line ${frame.line}: ` : '';
  return [
    {
      stage: 'load',
      code: 'script_failed',
      severity: 'warning',
      message: `${told.file} failed on its own while it was loaded (${where}${said}); the agent is served all the same.`,
      ...placed(frame, told.sources),
      hint: `Put what it does beside the agent under \`${guard(told)}\`.`,
    },
  ];
}

function explainLeft(place: Place | null, entry: string, told: Told): Finding[] {
  if (!place) return [];
  const text = told.sources.peek(entry);
  const line = text.split('\n')[place.line - 1]?.trim() ?? '';
  return [
    {
      stage: 'load',
      code: 'script_waits',
      severity: 'warning',
      message: `${told.file} waits in line ${place.line} (\`${line}\`); the agent is served all the same.`,
      ...locate(entry, place, told.sources),
      hint: `${waitHint(text)}Put it under \`${guard(told)}\`.`,
    },
  ];
}

function placed(frame: OwnFrame | undefined, sources: FailureContext['sources']) {
  return frame ? locate(frame.file, frame, sources) : {};
}
