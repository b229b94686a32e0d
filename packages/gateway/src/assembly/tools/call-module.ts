import { randomUUID } from 'node:crypto';
import { type FailureCode, GatewayError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { Pool } from '../../pool/pool.ts';
import type { Decision, Effect, Question } from '../../protocol/policy.ts';
import type { WorkerAnswer } from '../../protocol/pool.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import type { Provenance, RunEvent } from '../../protocol/run.ts';
import { createRunEnding } from '../../protocol/run-ending.ts';
import { eventsOf } from '../../protocol/run-sink.ts';
import type { HostedAnswer, HostedTool } from '../../protocol/tools/hosted-tools.ts';
import type { WorkerQuestion } from '../../protocol/worker/messages.ts';
import { type HostedRuns, withDefault } from '../../runs/hosted-runs.ts';
import { type AskedCall, type Tool, ToolError } from '../../tools/tool.ts';

type CallModuleDeps = {
  readonly run: Pool['run'];
  /** Knows the calls whose models may be told of tools that run at an upstream. */
  readonly enterHosted: HostedRuns['enter'];
  readonly unknownHostedTools: () => Effect;
  readonly decide: (question: Question) => Decision;
  readonly emit: Emit;
};

/** One call: of which module, and for whom. */
type Call = Pick<AskedCall, 'caller' | 'requestId'> & { readonly load: ModuleLoad };

/** Calls the tool of a loaded module: a run of its own in the module's worker, with one call as its input. */
export function createCallModule(deps: CallModuleDeps) {
  return (load: ModuleLoad): Tool['call'] =>
    async (args, signal, asked) => {
      const { caller, requestId, traceparent, maxBytes } = asked;
      const runId = `call_${randomUUID()}`;
      const enough = new AbortController();
      const ending = createRunEnding();
      const call = { load, caller, requestId };
      const decideHosted = createDecideHosted(deps, call);
      ending.onEnd(deps.enterHosted({ runId, agentId: load.agentId, decide: decideHosted }));
      const live = deps.run(load, {
        run: {
          runId,
          input: inputOf(load, runId, args),
          context: contextOf(load, runId, asked),
          verdicts: { otherwise: 'ask', tools: {} },
          maxTurns: null,
        },
        keyId: caller.id,
        ...(traceparent === undefined ? {} : { trace: { traceparent, hasSpans: false } }),
        caller: { key: caller, request: {} },
        signal: AbortSignal.any([signal, enough.signal]),
        ending,
        answer: async (question) => answer(deps, call, question),
      });
      const events = eventsOf({ sendTo: live.sendTo, cancel: () => enough.abort() });
      return textOf(events, maxBytes);
    };
}

function inputOf({ agentId, name }: ModuleLoad, callId: string, args: object) {
  const call = { role: 'tool_call', callId, name, arguments: JSON.stringify(args) } as const;
  return {
    modelId: agentId,
    items: [call],
    settings: {},
    outputFormat: { type: 'text' },
    streamed: false,
    clientTools: false,
    metadata: {},
  } as const;
}

function contextOf({ agentId }: ModuleLoad, runId: string, { caller, requestId }: AskedCall) {
  const key = { id: caller.id, name: caller.name };
  const user = caller.user && { user: caller.user.id };
  return { request_id: requestId, run_id: runId, key, ...user, metadata: {}, model_id: agentId };
}

/** Gives the text of a call; what is longer than the limit is not waited for. */
async function textOf(events: AsyncIterable<RunEvent>, maxBytes: number): Promise<string> {
  let text = '';
  let bytes = 0;
  for await (const event of events) {
    switch (event.type) {
      case 'text':
        text += event.delta;
        bytes += Buffer.byteLength(event.delta);
        if (bytes > maxBytes) return text;
        break;
      case 'tool_ended':
        if (event.outcome !== 'ok') throw failedCall(event, text);
        break;
      case 'failed':
        throw new ToolError(reasons[event.code] ?? 'Its module failed.', detailOf(event));
      default:
        break;
    }
  }
  return text;
}

/** What the SDK would tell a model of the failure is what it is told here too. */
function failedCall(
  event: Extract<RunEvent, { readonly type: 'tool_ended' }>,
  text: string,
): ToolError {
  const isTimeout = event.outcome === 'timeout' ? ({ isTimeout: true } as const) : {};
  return new ToolError(text || 'It gave no reason.', { ...detailOf(event), ...isTimeout });
}

function detailOf({ detail }: Extract<RunEvent, { readonly type: 'tool_ended' | 'failed' }>) {
  return detail ? { detail } : {};
}

const reasons: Partial<Record<FailureCode, string>> = {
  worker_crashed: 'Its process ended unexpectedly.',
  agent_unavailable: 'It is not available just now; try again later.',
  overloaded: 'Too much is going on; try again shortly.',
  run_failed: 'Its process was replaced meanwhile; try again.',
};

/** About a tool that its code uses itself: what is asked for is a call of the agent that the module is, for the key. */
function questionOf(
  { load, caller }: Call,
  about: Pick<Question, 'resource' | 'args' | 'aliases'> & { readonly provenance: Provenance },
): Question {
  const { agentId, modulePath } = load;
  const { provenance, ...asked } = about;
  return {
    principal: { type: 'agent', id: agentId, key: caller },
    action: 'call_tool',
    ...asked,
    context: { agent_id: agentId, provenance },
    modulePath,
  };
}

/** Decides about each hosted tool, and records that once a call. */
function createDecideHosted(
  { decide, emit, unknownHostedTools }: CallModuleDeps,
  call: Call,
): (tool: HostedTool) => HostedAnswer {
  const told = new Set<string>();
  return (tool) => {
    const { name: resource, aliases } = tool;
    const question = questionOf(call, { resource, aliases, provenance: 'hosted' });
    const decision = withDefault(decide(question), tool, unknownHostedTools());
    const id = `${resource} ${decision.answer}`;
    if (!told.has(id))
      emit({ type: 'access_decided', question, decision, requestId: call.requestId });
    told.add(id);
    return decision.answer;
  };
}

async function answer(
  { decide, emit }: CallModuleDeps,
  call: Call,
  question: WorkerQuestion,
): Promise<WorkerAnswer> {
  if (question.ask !== 'authorize_tool') {
    throw new GatewayError(
      'invalid_request',
      'The module of a tool cannot call other tools of the gateway.',
    );
  }
  const { tool: resource, arguments: args, provenance = 'native' } = question;
  const asked = questionOf(call, { resource, args, provenance });
  const decision = decide(asked);
  emit({ type: 'access_decided', question: asked, decision, requestId: call.requestId });
  return { type: 'value', value: decision.answer === 'allow' };
}
