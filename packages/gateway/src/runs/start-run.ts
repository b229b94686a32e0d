import { GatewayError } from '../errors.ts';
import { principalOf } from '../policy/authorize.ts';
import type { HeldRunLimits } from '../policy/limits/run-limits.ts';
import { decide, decideOnAgent } from '../policy/rules/decide.ts';
import type { RuleSet } from '../policy/rules/rule-set.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import { newRunId } from '../protocol/journal/journal.ts';
import { nearestIds, unknownModel } from '../protocol/nearest.ts';
import type { Caller, Decision, Effect, Question } from '../protocol/policy.ts';
import type { ClientToolsMode, Manifest, ModuleLoad } from '../protocol/records.ts';
import type { RunInput } from '../protocol/run.ts';
import { createRunEnding } from '../protocol/run-ending.ts';
import { isTaskPrompt, type PlainModel } from '../protocol/task-prompts.ts';
import type { CallGatewayTool } from '../protocol/tools/tool-call.ts';
import { aboutAgent, accountsOf } from './agent-question.ts';
import type { ResumeAsked, ResumeRun } from './approvals/resume-asked.ts';
import { type BeginRunDeps, beginRun } from './begin-run.ts';
import { type CheckedInput, checkRunInput } from './check-run-input.ts';
import type { Run, ServedAgent } from './run.ts';
import { createRunQueue, type QueueLimits, type RunPlace, type RunQueue } from './run-queue.ts';
import { createRunTools } from './run-tools.ts';

/** What is known under a model id; `served` is null where no generation ever loaded. */
export type FoundAgent = {
  readonly module: { readonly agentId: string; readonly modulePath: string };
  readonly served: {
    readonly generation: number;
    readonly load: ModuleLoad;
    readonly manifest: Manifest;
  } | null;
  readonly findings: readonly Finding[];
};

/** What decides, and says when it may decide otherwise than before. */
export type RunPolicy = {
  /** Decides and records the decision. */
  readonly authorize: (question: Question, requestId: string) => Decision;
  readonly rules: () => RuleSet;
  readonly onChange: (listener: () => void) => void;
};

/** What a key, or a user by its account, may still do. */
export type KeyUse = {
  /**
   * Takes one of the runs that it may have at once; what it returns gives it back.
   *
   * @throws GatewayError `rate_limited`
   */
  readonly takeSlot: (id: string) => () => void;
  /** @throws GatewayError `quota_exhausted`, or `store_unavailable` where nobody can tell. */
  readonly checkBudget: (id: string) => Promise<void>;
};

export type StartRunDeps = BeginRunDeps & {
  readonly callTool: CallGatewayTool;
  /** What becomes of hosted tools that the gateway does not know. */
  readonly unknownHostedTools: () => Effect;
  /** By model id, or by a bare name that only one agent `maySee` says yes to has. */
  readonly find: (
    modelId: string,
    maySee: (agentId: string) => boolean,
  ) => Promise<FoundAgent | undefined>;
  /** Every model id that there is. */
  readonly agentIds: () => readonly string[];
  readonly policy: RunPolicy;
  readonly limits: KeyUse;
  /** What the operator says of tools that callers send to an agent; undefined leaves it to its author. */
  readonly clientTools?: (agentId: string) => ClientToolsMode | undefined;
  /** How much a run of an agent for a key may use. */
  readonly runLimits: (run: {
    readonly agent: Pick<ServedAgent, 'agentId' | 'manifest'>;
    readonly caller: Caller;
  }) => HeldRunLimits;
  /**
   * Calls `cancel` when the key is revoked, or the data of its user is deleted, until the returned function is called.
   *
   * @throws GatewayError `key_invalid` where it is revoked already.
   */
  readonly endWithKey: (
    caller: Pick<Caller, 'keyId' | 'user'>,
    cancel: (failure: GatewayError) => void,
  ) => () => void;
  /**
   * The files that a run was interrupted on, whether or not they serve.
   *
   * @throws GatewayError `generation_gone`, `not_allowed` where rules do not let them load.
   */
  readonly findInterrupted: (of: ResumeAsked['of']) => Promise<ServedAgent>;
  readonly queue: () => QueueLimits;
  /** The model that answers prompts of chat clients for an agent; null where the agent does. */
  readonly taskModel: (agent: Pick<ServedAgent, 'agentId' | 'manifest'>) => PlainModel | null;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
  readonly nowSeconds: () => number;
};

/** What decides whether a run may begin. */
export type AdmitDeps = Pick<
  StartRunDeps,
  'find' | 'findInterrupted' | 'clientTools' | 'agentIds' | 'policy' | 'nowSeconds' | 'emit'
>;

/**
 * Admits a run and starts it, once its agent has a place for it. A caller that leaves meanwhile aborts `signal`.
 *
 * @throws GatewayError `agent_not_found` (missing, or not visible to the key), `not_allowed`, `agent_unavailable`, one
 *   about a part of the request that the agent does not take, `rate_limited`, `quota_exhausted`, `overloaded`,
 *   `run_cancelled`, `key_invalid`. Nothing runs then.
 */
export type StartRun = (caller: Caller, input: RunInput, signal?: AbortSignal) => Promise<Run>;

/** What begins runs, anew and again: they share one queue. */
export function createRunStarts(deps: StartRunDeps): {
  readonly startRun: StartRun;
  readonly resumeRun: ResumeRun;
  readonly waitingRuns: RunQueue['waiting'];
} {
  const queue = createRunQueue((waiting) => deps.emit({ type: 'queue_changed', waiting }));
  const start = createStart(deps, queue);
  return {
    waitingRuns: queue.waiting,
    startRun: (caller, input, signal) => start({ caller, input }, signal),
    resumeRun(resumes) {
      const { caller, input, of } = resumes;
      // A bare name may be another's by now.
      const named = { ...input, modelId: of.agentId };
      return start({ caller, input: named, resumes }, resumes.signal);
    },
  };
}

function createStart(deps: StartRunDeps, queue: RunQueue) {
  const toolsOf = createRunTools({ ...deps, ...deps.policy });

  return async (request: Request, signal: AbortSignal | undefined): Promise<Run> => {
    const { caller, resumes } = request;
    const ending = createRunEnding();
    const abort = new AbortController();
    refuseWhileStopping(deps);
    try {
      const found = await admit(deps, request);
      // What it takes of its key and agent it has for as long as anything of it goes on.
      for (const id of accountsOf(caller)) ending.onGone(deps.limits.takeSlot(id));
      for (const id of accountsOf(caller)) await deps.limits.checkBudget(id);
      const askedMs = performance.now();
      const place = await enterQueue(deps, queue, { agent: found.agent, caller, signal });
      ending.onGone(place.leave);
      // While it waited, its agent may have been replaced, and its key may have lost the right.
      const { agent, ...checked } = place.hasWaited
        ? await admit(deps, { ...request, hasWaited: true })
        : found;
      ending.onEnd(deps.endWithKey(caller, (failure) => abort.abort(failure)));
      const user = toolUser(request, agent);
      const runId = newRunId();
      const ids = { runId, requestId: caller.requestId, grants: resumes?.grants ?? [] };
      const tools = toolsOf(user, ids);
      const waitedMs = place.hasWaited ? performance.now() - askedMs : 0;
      const limits = deps.runLimits({ agent, caller });
      const task = !resumes && isTaskPrompt(request.input.items) ? deps.taskModel(agent) : null;
      const admitted = { ...request, ...checked, agent, waitedMs, limits, task };
      await resumes?.begin(runId);
      return beginRun(deps, { ...admitted, runId, tools, user, ending, abort });
    } catch (error) {
      ending.end(null);
      ending.gone();
      throw error;
    }
  };
}

/** `hasWaited`: it was admitted before and had to wait; only a refusal is recorded. */
type Request = {
  readonly caller: Caller;
  readonly input: RunInput;
  readonly hasWaited?: true;
  readonly resumes?: ResumeAsked;
};

type Admitted = CheckedInput & { readonly agent: ServedAgent };

/**
 * The agent exists, the key may see and run it, it is loaded, and it takes what was sent.
 *
 * @throws GatewayError where that is not so.
 */
export async function admit(deps: AdmitDeps, request: Request): Promise<Admitted> {
  const found = await findAgent(deps, request);
  checkAccess(deps, found, request);
  checkBound(found, request);
  const agent = request.resumes
    ? await deps.findInterrupted(request.resumes.of)
    : loadedAgent(found);
  const toolsMode = deps.clientTools?.(agent.agentId);
  return { agent, ...checkRunInput(agent.manifest, request.input, toolsMode) };
}

async function findAgent(deps: AdmitDeps, request: Request): Promise<FoundAgent> {
  const found = await deps.find(request.input.modelId, (id) => maySee(deps, request, id));
  if (!found) throw notFound(deps, request);
  return found;
}

function maySee({ policy, nowSeconds }: AdmitDeps, request: Request, agentId: string): boolean {
  const listing: Question = { ...aboutAgent(agentId, request), action: 'list_agents' };
  return decide(policy.rules(), listing, nowSeconds()).answer === 'allow';
}

/** One decision is recorded, that on running it, unless only seeing it is denied. */
function checkAccess(deps: AdmitDeps, { module }: FoundAgent, request: Request): void {
  const { agentId, modulePath } = module;
  const about = aboutAgent(agentId, request);
  const question: Question = { ...about, modulePath, action: 'run_agent' };
  const { running, listing } = decideOnAgent(deps.policy.rules(), question, deps.nowSeconds());
  const mayRun = running.answer === 'allow';
  const isListed = listing.answer === 'allow';
  if (mayRun && isListed && request.hasWaited) return;
  const isHidden = mayRun && !isListed;
  deps.emit({
    type: 'access_decided',
    question: isHidden ? { ...question, action: 'list_agents' } : question,
    decision: isHidden ? listing : running,
    requestId: request.caller.requestId,
  });
  if (!isListed) throw notFound(deps, request);
  if (!mayRun) throw notAllowed(agentId, running);
}

/** What was said to one agent is not for another. */
function checkBound({ module }: FoundAgent, { input }: Request): void {
  if (input.boundTo === undefined || input.boundTo === module.agentId) return;
  throw new GatewayError(
    'invalid_value',
    `The conversation so far is with '${input.boundTo}', and not with '${module.agentId}'.`,
    { param: 'model' },
  );
}

function loadedAgent({ module, served, findings }: FoundAgent): ServedAgent {
  if (served) return { ...served, ...module };
  throw new GatewayError(
    'agent_unavailable',
    `The agent '${module.agentId}' could not be loaded. Its operator finds the cause with GET /admin/agents/errors.`,
    { param: 'model', adminDetail: findings },
  );
}

type Queued = {
  readonly agent: ServedAgent;
  readonly caller: Caller;
  readonly signal: AbortSignal | undefined;
};

async function enterQueue(
  deps: StartRunDeps,
  queue: RunQueue,
  { agent, caller, signal }: Queued,
): Promise<RunPlace> {
  const limits = deps.queue();
  // A module may narrow how many of its runs go on at once, not widen it.
  const own = agent.manifest.settings.maxConcurrentRuns ?? limits.maxConcurrentRuns;
  const maxConcurrentRuns = Math.min(own, limits.maxConcurrentRuns);
  const signals = signal ? [signal, deps.stopping] : [deps.stopping];
  try {
    return await queue.enter(
      { agentId: agent.agentId, keyId: caller.keyId },
      { ...limits, maxConcurrentRuns },
      signals,
    );
  } catch (error) {
    refuseWhileStopping(deps);
    throw error;
  }
}

function refuseWhileStopping({ stopping }: StartRunDeps): void {
  if (!stopping.aborted) return;
  throw new GatewayError('overloaded', 'The gateway is stopping. Try again in a moment.');
}

function toolUser({ caller, input: { user, metadata } }: Request, agent: ServedAgent) {
  const request = { metadata, ...(user === undefined ? {} : { user }) };
  return { ...agent, key: principalOf(caller), request };
}

function notFound(deps: AdmitDeps, request: Request): GatewayError {
  const { modelId } = request.input;
  // Few are near, so that few are asked about.
  const near = nearestIds(modelId, deps.agentIds()).filter((id) => maySee(deps, request, id));
  return new GatewayError('agent_not_found', unknownModel(modelId, near), { param: 'model' });
}

function notAllowed(agentId: string, { rule }: Decision): GatewayError {
  const why = rule?.reason ? `: ${rule.reason.replace(/[.\s]+$/, '')}` : '';
  const detail = rule && { rule: rule.id, tier: rule.tier, source: rule.source };
  return new GatewayError(
    'not_allowed',
    `This key may not run '${agentId}'${why}. Ask an operator.`,
    { param: 'model', adminDetail: detail ?? { rule: null } },
  );
}
