import { randomUUID } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { principalOf } from '../policy/authorize.ts';
import type { RuleSet } from '../policy/rules/rule-set.ts';
import type { Caller, Decision, Question } from '../protocol/policy.ts';
import type { GuardrailResponse, ModuleLoad, ToolEventsMode } from '../protocol/records.ts';
import type { RunContext, RunEvent, RunInput } from '../protocol/run.ts';
import type {
  ToolDecided,
  ToolVerdicts,
  WorkerQuestion,
  WorkerRun,
} from '../protocol/worker/messages.ts';
import { type AdmitDeps, admit, type ServedAgent } from './admit.ts';
import { checkInput } from './check-input.ts';
import { observeRun } from './observe-run.ts';
import { createRunQueue, type QueueLimits, type RunPlace, type RunQueue } from './run-queue.ts';
import { createRunTools, type RunTools } from './run-tools.ts';

/** A run that was admitted. It ends when its events end, or by `cancel`. */
export type Run = {
  readonly id: string;
  /** Full model id of the agent that runs. */
  readonly modelId: string;
  /** To be read once; ends in exactly one of `finished`, `failed`, `interrupted`. Leaving it early cancels. */
  readonly events: AsyncIterable<RunEvent>;
  /** A failure as reason is what the events end in. */
  readonly cancel: (reason: string | GatewayError) => void;
  /** Names of request fields that the agent does not take and that were left out. */
  readonly ignored: readonly string[];
  readonly presentation: {
    readonly toolEvents: ToolEventsMode;
    readonly guardrailResponse: GuardrailResponse;
  };
};

type PoolRun = {
  readonly run: WorkerRun;
  readonly keyId: string;
  readonly signal: AbortSignal;
  readonly answer: (question: WorkerQuestion) => Promise<unknown>;
  readonly followVerdicts: (listener: (verdicts: ToolVerdicts) => void) => () => void;
  readonly onToolDecided: (decided: ToolDecided) => void;
};

/** What decides, and says when it may decide otherwise than before. */
export type RunPolicy = {
  /** Decides and records the decision. */
  readonly authorize: (question: Question, requestId: string) => Decision;
  readonly rules: () => RuleSet;
  readonly onChange: (listener: () => void) => void;
};

export type StartRunDeps = {
  readonly find: AdmitDeps['find'];
  readonly policy: RunPolicy;
  readonly run: (load: ModuleLoad, request: PoolRun) => AsyncIterable<RunEvent>;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
  readonly settings: () => RunDefaults & QueueLimits;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
};

type RunDefaults = { readonly runTimeoutMs: number; readonly toolEvents: ToolEventsMode };

/**
 * Admits a run and starts it, once its agent has a place for it. A caller that leaves meanwhile aborts `signal`.
 *
 * @throws GatewayError `agent_not_found` (missing, or not visible to the key), `not_allowed`, `agent_unavailable`,
 *   `overloaded`, `run_cancelled`, or one about a part of the request that the agent does not take. Nothing runs then.
 */
export type StartRun = (caller: Caller, input: RunInput, signal?: AbortSignal) => Promise<Run>;

export function createStartRun(deps: StartRunDeps): StartRun {
  const queue = createRunQueue();
  const toolsOf = createRunTools({ ...deps, ...deps.policy });
  const admitDeps: AdmitDeps = { ...deps, rules: deps.policy.rules };
  return async (caller, input, signal) => {
    refuseWhileStopping(deps);
    const found = await admit(admitDeps, { caller, input });
    checkInput(found.manifest, input);
    const place = await waitFor(deps, queue, { agent: found, signal });
    try {
      // While it waited, its agent may have been replaced, and its key may have lost the right.
      const agent = place.hasWaited
        ? await admit(admitDeps, { caller, input, again: true })
        : found;
      const ignored = checkInput(agent.manifest, input);
      const tools = toolsOf(toolUser({ caller, input, agent }), caller.requestId);
      return begin(deps, { caller, input, agent, ignored, tools, place });
    } catch (error) {
      place.leave();
      throw error;
    }
  };
}

async function waitFor(
  deps: StartRunDeps,
  queue: RunQueue,
  { agent, signal }: { readonly agent: ServedAgent; readonly signal: AbortSignal | undefined },
): Promise<RunPlace> {
  const signals = signal ? [signal, deps.stopping] : [deps.stopping];
  try {
    return await queue.enter(agent.agentId, limitsOf(deps, agent), signals);
  } catch (error) {
    refuseWhileStopping(deps);
    throw error;
  }
}

function refuseWhileStopping({ stopping }: StartRunDeps): void {
  if (!stopping.aborted) return;
  throw new GatewayError('overloaded', 'The gateway is stopping. Try again in a moment.');
}

/** A module may narrow how many of its runs go on at once, not widen it. */
function limitsOf({ settings }: StartRunDeps, { manifest }: ServedAgent): QueueLimits {
  const limits = settings();
  const own = manifest.settings.maxConcurrentRuns ?? limits.maxConcurrentRuns;
  return { ...limits, maxConcurrentRuns: Math.min(own, limits.maxConcurrentRuns) };
}

type Asked = { readonly caller: Caller; readonly input: RunInput; readonly agent: ServedAgent };

function toolUser({ caller, input: { user, metadata }, agent }: Asked) {
  const request = { metadata, ...(user === undefined ? {} : { user }) };
  return { ...agent, key: principalOf(caller), request };
}

type Admitted = Asked & {
  readonly ignored: readonly string[];
  readonly tools: RunTools;
  readonly place: RunPlace;
};

function begin(deps: StartRunDeps, admitted: Admitted): Run {
  const { caller, agent, ignored, tools, place } = admitted;
  const { settings } = agent.manifest;
  const defaults = deps.settings();
  const run = workerRun(admitted);
  const abort = new AbortController();
  const events = deps.run(agent.load, {
    run,
    keyId: caller.keyId,
    signal: abort.signal,
    answer: tools.answer,
    onToolDecided: tools.onDecided,
    followVerdicts(listener) {
      const stop = tools.follow(listener);
      // It is over in its worker, whether or not anybody read what it said.
      return () => {
        stop();
        place.leave();
      };
    },
  });
  return {
    id: run.runId,
    modelId: agent.agentId,
    events: observeRun(events, {
      ...{ runId: run.runId, caller, agent, abort, emit: deps.emit },
      timeoutMs: settings.timeoutMs ?? defaults.runTimeoutMs,
      onOver: place.leave,
    }),
    cancel: (reason) => abort.abort(reason),
    ignored,
    presentation: {
      toolEvents: settings.toolEvents ?? defaults.toolEvents,
      guardrailResponse: settings.guardrailResponse ?? 'content_filter',
    },
  };
}

function workerRun({ caller, input, agent, tools }: Admitted): WorkerRun {
  // Node draws many of these at once.
  const runId = `run_${randomUUID().replaceAll('-', '').slice(8)}`;
  const context: RunContext = {
    request_id: caller.requestId,
    run_id: runId,
    key: { id: caller.keyId, name: caller.keyName },
    ...(input.user === undefined ? {} : { user: input.user }),
    metadata: input.metadata,
    model_id: agent.agentId,
  };
  const maxTurns = agent.manifest.settings.maxTurns ?? null;
  return { runId, input, context, verdicts: tools.verdicts, maxTurns };
}
