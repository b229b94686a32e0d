import { randomBytes } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { Action, Caller, Decision, Question } from '../protocol/policy.ts';
import type { Manifest, ModuleLoad, ToolEventsMode } from '../protocol/records.ts';
import type { RunContext, RunEvent, RunInput } from '../protocol/run.ts';
import type { ToolVerdicts, WorkerQuestion, WorkerRun } from '../protocol/worker-messages.ts';
import { checkInput } from './check-input.ts';
import { observeRun } from './observe-run.ts';

/** A run that was admitted. It ends when its events end, or by `cancel`. */
export type Run = {
  readonly id: string;
  /** Full model id of the agent that runs. */
  readonly modelId: string;
  /** To be read once; ends in exactly one of `finished`, `failed`, `interrupted`. Leaving it early cancels. */
  readonly events: AsyncIterable<RunEvent>;
  readonly cancel: (reason: string) => void;
  /** Names of request fields that the agent does not take and that were left out. */
  readonly ignored: readonly string[];
  readonly presentation: {
    readonly toolEvents: ToolEventsMode;
    readonly guardrailResponse: 'content_filter' | 'error';
  };
};

/** What is served under a model id; `served` is null where no generation ever loaded. */
type Agent = {
  readonly module: { readonly agentId: string; readonly modulePath: string };
  readonly served: {
    readonly generation: number;
    readonly load: ModuleLoad;
    readonly manifest: Manifest;
  } | null;
  readonly findings: readonly Finding[];
};

type PoolRun = {
  readonly run: WorkerRun;
  readonly keyId: string;
  readonly signal: AbortSignal;
  readonly answer: (question: WorkerQuestion) => Promise<unknown>;
};

export type StartRunDeps = {
  readonly find: (modelId: string) => Promise<Agent | undefined>;
  /** Decides and records the decision. */
  readonly authorize: (question: Question, requestId: string) => Decision;
  /** Decides only, for verdicts that travel with a run. */
  readonly decide: (question: Question) => Decision;
  readonly run: (load: ModuleLoad, request: PoolRun) => AsyncIterable<RunEvent>;
  readonly isDraining: () => boolean;
  readonly settings: () => { readonly runTimeoutMs: number; readonly toolEvents: ToolEventsMode };
  readonly emit: Emit;
};

/**
 * Admits a run and starts it.
 *
 * @throws GatewayError `agent_not_found` (missing, or not visible to the key), `not_allowed`, `agent_unavailable`,
 *   `overloaded`, or one about a part of the request that the agent does not take. Nothing runs then.
 */
export type StartRun = (caller: Caller, input: RunInput) => Promise<Run>;

export function createStartRun(deps: StartRunDeps): StartRun {
  return async (caller, input) => {
    if (deps.isDraining()) {
      throw new GatewayError('overloaded', 'The gateway is stopping. Try again in a moment.');
    }
    const agent = await admit(deps, caller, input);
    const ignored = checkInput(agent.manifest, input);
    return begin(deps, { caller, input, agent, ignored });
  };
}

type ServedAgent = NonNullable<Agent['served']> & Agent['module'];

async function admit(deps: StartRunDeps, caller: Caller, input: RunInput): Promise<ServedAgent> {
  const found = await deps.find(input.modelId);
  const allowed = (action: Action, resource: string) => {
    const question = {
      principal: { ...principalOf(caller), type: 'key' as const },
      action,
      resource,
    };
    return deps.authorize(question, caller.requestId).answer === 'allow';
  };
  if (!found || !allowed('list_agents', found.module.agentId)) {
    throw new GatewayError(
      'agent_not_found',
      `The model '${input.modelId}' does not exist or you do not have access to it. GET /v1/models lists yours.`,
      { param: 'model' },
    );
  }
  const { agentId } = found.module;
  if (!allowed('run_agent', agentId)) {
    throw new GatewayError('not_allowed', `This key may not run '${agentId}'. Ask an operator.`, {
      param: 'model',
    });
  }
  if (!found.served) {
    throw new GatewayError(
      'agent_unavailable',
      `The agent '${agentId}' could not be loaded. Its operator finds the cause with GET /admin/agents/errors.`,
      { param: 'model', adminDetail: found.findings },
    );
  }
  return { ...found.served, ...found.module };
}

function principalOf(caller: Caller) {
  const { keyId, keyName, role, namespaces, agents } = caller;
  return { id: keyId, name: keyName, role, namespaces, agents };
}

type Admitted = {
  readonly caller: Caller;
  readonly input: RunInput;
  readonly agent: ServedAgent;
  readonly ignored: readonly string[];
};

function begin(deps: StartRunDeps, admitted: Admitted): Run {
  const { caller, input, agent, ignored } = admitted;
  const { settings } = agent.manifest;
  const defaults = deps.settings();
  const runId = `run_${randomBytes(12).toString('hex')}`;
  const abort = new AbortController();
  const context: RunContext = {
    request_id: caller.requestId,
    run_id: runId,
    key: { id: caller.keyId, name: caller.keyName },
    ...(input.user === undefined ? {} : { user: input.user }),
    metadata: input.metadata,
    model_id: agent.agentId,
  };
  const events = deps.run(agent.load, {
    run: {
      runId,
      input,
      context,
      verdicts: toolVerdicts(deps, agent),
      maxTurns: settings.maxTurns ?? null,
    },
    keyId: caller.keyId,
    signal: abort.signal,
    answer: (question) => answer(deps, agent, question),
  });
  return {
    id: runId,
    modelId: agent.agentId,
    events: observeRun(events, {
      runId,
      caller,
      agent,
      abort,
      timeoutMs: settings.timeoutMs ?? defaults.runTimeoutMs,
      authorizeTool: (tool) => deps.authorize(toolQuestion(agent, tool), caller.requestId),
      emit: deps.emit,
    }),
    cancel: (reason) => abort.abort(reason),
    ignored,
    presentation: {
      toolEvents: settings.toolEvents ?? defaults.toolEvents,
      guardrailResponse: settings.guardrailResponse ?? 'content_filter',
    },
  };
}

function toolQuestion(agent: ServedAgent, tool: string): Question {
  return {
    principal: { type: 'agent', id: agent.agentId },
    action: 'call_tool',
    resource: tool,
  };
}

function toolVerdicts(deps: StartRunDeps, agent: ServedAgent): ToolVerdicts {
  const verdict = (tool: string) => deps.decide(toolQuestion(agent, tool)).answer;
  const names = agent.manifest.agents.flatMap(({ tools }) => tools.map(({ name }) => name));
  return {
    otherwise: verdict('*'),
    tools: Object.fromEntries(names.map((name) => [name, verdict(name)])),
  };
}

async function answer(deps: StartRunDeps, agent: ServedAgent, question: WorkerQuestion) {
  switch (question.ask) {
    case 'authorize_tool':
      return deps.decide(toolQuestion(agent, question.tool)).answer === 'allow';
    case 'call_tool':
      throw new GatewayError('tool_failed', `No gateway tool '${question.tool}' is configured.`);
    default:
      return question satisfies never;
  }
}
