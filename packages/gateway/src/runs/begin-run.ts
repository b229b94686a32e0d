import { GatewayError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { HeldRunLimits } from '../policy/limits/run-limits.ts';
import type { Caller, Role, RunCaller } from '../protocol/policy.ts';
import type { LiveRun, PoolRun } from '../protocol/pool.ts';
import type { ModuleLoad, ToolEventsMode } from '../protocol/records.ts';
import type { LastEvent, RunContext, RunEvent, RunInput } from '../protocol/run.ts';
import type { RunEnding } from '../protocol/run-ending.ts';
import type { PlainModel } from '../protocol/task-prompts.ts';
import type { RunTrace } from '../protocol/trace.ts';
import type { ToolDecided, WorkerRun } from '../protocol/worker/messages.ts';
import { holdInterrupted, type Interrupted } from './approvals/hold-interrupted.ts';
import type { KeepInterrupted } from './approvals/keep-interrupted.ts';
import type { ResumeAsked } from './approvals/resume-asked.ts';
import { appliedEvent, followTaken } from './approvals/resumed-run.ts';
import type { IgnoredPart } from './check-run-input.ts';
import type { HostedRuns } from './hosted-runs.ts';
import { observeRun } from './observe-run.ts';
import type { Presentation, Run, ServedAgent } from './run.ts';
import { createRunMeter, type RunMeter, type RunMeters } from './run-meter.ts';
import type { RunTools } from './run-tools.ts';

export type BeginRunDeps = {
  /** Runs in a worker of the agent. */
  readonly run: (load: ModuleLoad, request: PoolRun) => LiveRun;
  /** Answers by one call of a model, in place of a worker. */
  readonly runTask?: (
    load: ModuleLoad,
    request: PoolRun & { readonly model: PlainModel },
  ) => LiveRun;
  /** What holds where the module says nothing. */
  readonly defaults: () => {
    readonly runTimeoutMs: number;
    readonly toolEvents: ToolEventsMode;
  };
  /** What of an agent its runs are recorded with, beside their steps; null where what they held is not recorded. */
  readonly recorded?: (agent: ServedAgent) => { readonly filesHash: string | null } | null;
  /** Makes a run known to what governs tools at upstreams, until the returned function is called. */
  readonly enterHosted: HostedRuns['enter'];
  /** The trace that a run which began is recorded in; absent where none are. */
  readonly traceOfRun?: (runId: string) => RunTrace | undefined;
  /** The same to what counts model calls. */
  readonly enterMeter: RunMeters['enter'];
  /** Keeps a run that waits for somebody; absent, it just ends. */
  readonly keepInterrupted?: KeepInterrupted;
  readonly emit: Emit;
};

export type AdmittedRun = {
  readonly runId: string;
  /** How long it waited for its place. */
  readonly waitedMs: number;
  readonly caller: Caller;
  readonly input: RunInput;
  readonly agent: ServedAgent;
  readonly ignored: readonly IgnoredPart[];
  readonly tools: RunTools;
  /** The caller, as rules about tools are asked. */
  readonly user: RunCaller;
  /** How much it may use. */
  readonly limits: HeldRunLimits;
  /** Knows already what is to be given back. */
  readonly ending: RunEnding;
  /** Cancels the run. */
  readonly abort: AbortController;
  /** The model that answers in the agent's place; null where the agent does. */
  readonly task?: PlainModel | null;
  /** Set where it follows the record of another. */
  readonly replay?: ReplayedRun;
  /** Set where it goes on with one that waited. */
  readonly resumes?: Pick<ResumeAsked, 'of' | 'resumed' | 'grants' | 'answered' | 'ended'>;
};

/** What a run that follows the record of another takes from there. */
export type ReplayedRun = { readonly of: string; readonly context: RunContext };

/** Begins a run that nothing stands in the way of any more. */
export function beginRun(deps: BeginRunDeps, admitted: AdmittedRun): Run {
  const { caller, agent, input, ignored, tools, user, ending, abort, waitedMs } = admitted;
  const { settings } = agent.manifest;
  const defaults = deps.defaults();
  const recorded = deps.recorded?.(agent) ?? null;
  const run: WorkerRun = { ...workerRun(admitted), ...(recorded && { tellsContents: true }) };
  const timeoutMs = settings.timeoutMs ?? defaults.runTimeoutMs;
  const { emit } = deps;
  const { streamed: isStreamed, user: endUser = null } = input;
  const about = { runId: run.runId, caller, agent, waitedMs, isStreamed, user: endUser };
  const said = { ...askedOf(run, recorded), ...originOf(admitted) };
  const observed = observeRun({ ...about, ...said, ending, abort, timeoutMs, emit });
  const { onEvent, onToolCalled } = observed;
  for (const approval of admitted.resumes?.answered ?? []) emit(appliedEvent(run.runId, approval));
  const trace = traceOf(deps, run.runId, caller);
  const untilOver = abortedAtEnd(ending);
  const { agentId } = agent;
  const meter = createRunMeter(admitted.limits, (failure) => abort.abort(failure));
  ending.onEnd(deps.enterMeter({ runId: run.runId, agentId }, meter));
  ending.onEnd(deps.enterHosted({ runId: run.runId, agentId, ...hostedOf(tools) }));
  const held = holdInterrupted(ending, (last) => keepInterrupted(deps, admitted, last));
  const onTaken = followTaken(admitted);
  const live = runOf(deps, admitted)(agent.load, {
    run,
    keyId: caller.keyId,
    ...(trace ? { trace } : {}),
    caller: { key: user.key, request: user.request },
    signal: abort.signal,
    ending: held.ending,
    ...(onTaken && { onTaken }),
    onEvent,
    answer: (question) =>
      tools.answer(question, {
        signal: untilOver(),
        trace,
        onToolCalled,
        countTool: meter.countTool,
      }),
    onToolDecided(decided) {
      tools.onDecided(decided);
      countUnasked(meter, decided);
    },
  });
  ending.onEnd(tools.follow(live.decide));
  return {
    id: run.runId,
    agentId: agent.agentId,
    modulePath: agent.modulePath,
    generation: agent.generation,
    sendTo: (sink) =>
      live.sendTo(held.before({ write: (event) => sink.write(shownTo(caller.role, event)) })),
    cancel: (reason) => abort.abort(reason),
    onEnd: (listener) => ending.onEnd(() => listener()),
    ignored,
    actsUntold: agent.manifest.kind !== 'agent' && !admitted.task,
    presentation: presentationOf(agent, defaults),
  };
}

function askedOf(
  { input, context, maxTurns }: WorkerRun,
  recorded: { readonly filesHash: string | null } | null,
) {
  return recorded ? { asked: { input, context, maxTurns, ...recorded } } : {};
}

/** What decides about its tools at upstreams. */
function hostedOf({ decideHosted: decide, isApprovedHosted: isApproved }: RunTools) {
  return { decide, isApproved };
}

/** The run that it has to do with. */
function originOf({ replay, resumes, task }: AdmittedRun) {
  return {
    ...(replay && { replayOf: replay.of }),
    ...(resumes && { resumes: resumes.of.runId }),
    ...(task && { isTask: true as const }),
  };
}

/** What follows the record of another waits for nobody. */
async function keepInterrupted(
  { keepInterrupted: keep }: BeginRunDeps,
  { runId, caller, agent, input, tools, replay, resumes }: AdmittedRun,
  last: Interrupted,
): Promise<LastEvent> {
  if (!keep || replay) return last;
  const { grants = [], of } = resumes ?? {};
  const { whyAsked } = tools;
  const filesHash = of?.filesHash ?? null;
  return keep({ runId, caller, agent, input, grants, filesHash, whyAsked }, last);
}

function presentationOf(
  { manifest: { settings } }: ServedAgent,
  defaults: Pick<Presentation, 'toolEvents'>,
): Presentation {
  return {
    toolEvents: settings.toolEvents ?? defaults.toolEvents,
    guardrailResponse: settings.guardrailResponse ?? 'content_filter',
  };
}

/** What runs it: a worker of the agent, or its model alone. */
function runOf({ run, runTask }: BeginRunDeps, { task: model }: AdmittedRun): BeginRunDeps['run'] {
  return model && runTask ? (load, request) => runTask(load, { ...request, model }) : run;
}

/** Of the spans that are made of the run, where any are; else that of its request. */
function traceOf(
  { traceOfRun }: BeginRunDeps,
  runId: string,
  { traceparent }: Caller,
): RunTrace | undefined {
  const recorded = traceOfRun?.(runId);
  if (recorded || traceparent === undefined) return recorded;
  return { traceparent, hasSpans: false };
}

/** A tool that its worker called unasked: it may, but for what goes beyond the limits. */
function countUnasked(meter: RunMeter, { tool, provenance }: ToolDecided): void {
  // One that runs elsewhere is told when it is offered, and not when it is called.
  if (provenance === 'hosted') return;
  try {
    meter.countTool({ tool });
  } catch (error) {
    // The meter ends the run itself.
    if (!(error instanceof GatewayError)) throw error;
  }
}

function workerRun(admitted: AdmittedRun): WorkerRun {
  const { runId, caller, input, agent, tools, limits, replay, resumes } = admitted;
  const context: RunContext = {
    request_id: caller.requestId,
    run_id: runId,
    key: { id: caller.keyId, name: caller.keyName },
    ...(input.user === undefined ? {} : { user: input.user }),
    metadata: input.metadata,
    model_id: agent.agentId,
  };
  const maxTurns = agent.manifest.settings.maxTurns ?? null;
  const { maxToolCalls, maxRepeatedToolCalls } = limits;
  const toolLimits = {
    ...(maxToolCalls && { maxCalls: maxToolCalls.most }),
    ...(maxRepeatedToolCalls && { maxRepeated: maxRepeatedToolCalls.most }),
  };
  // Where it is said is of no matter to its worker, and read only where the run comes to wait.
  const { place: _, ...told } = input;
  const run = { runId, input: told, verdicts: tools.verdicts, maxTurns, toolLimits };
  if (replay) return { ...run, context: replay.context, replays: true };
  return { ...run, context, ...(resumes && { resume: resumes.resumed }) };
}

/** Gives what is aborted when a run is over. Made when it is first asked for: most runs ask nothing, and an Error costs. */
function abortedAtEnd(ending: RunEnding): () => AbortSignal {
  let over: AbortController | null = null;
  return () => {
    if (over) return over.signal;
    const controller = new AbortController();
    over = controller;
    ending.onEnd(() => controller.abort(new Error('The run is over.')));
    return controller.signal;
  };
}

/** Why a run failed is for its author and admins; what tools threw and held stays in the log. */
function shownTo(role: Role, event: RunEvent): RunEvent {
  if (event.type === 'tool_ended') {
    const { detail: _, contents: __, ...rest } = event;
    return rest;
  }
  if (!('detail' in event) || role === 'admin') return event;
  const { detail: _, ...rest } = event;
  return rest;
}
