import { GatewayError } from '../../errors.ts';
import type { Emit, GatewayEvent } from '../../events.ts';
import { principalOf } from '../../policy/authorize.ts';
import { noRunLimits } from '../../policy/limits/run-limits.ts';
import type { MadeCall, PlayedWritten, TestDifference } from '../../protocol/admin/run-test.ts';
import type { WrittenTest } from '../../protocol/admin/written-test.ts';
import { newRunId } from '../../protocol/journal/journal.ts';
import type { Caller } from '../../protocol/policy.ts';
import {
  isLastEvent,
  type LastEvent,
  noUsage,
  type RunInput,
  type Usage,
} from '../../protocol/run.ts';
import { createRunEnding } from '../../protocol/run-ending.ts';
import { eventsOf } from '../../protocol/run-sink.ts';
import { type BeginRunDeps, beginRun } from '../begin-run.ts';
import { outcomeOf } from '../observe-run.ts';
import type { LiveReplays } from '../replay/live-replays.ts';
import type { ReplayToolsDeps } from '../replay/replay-tools.ts';
import type { Run, ServedAgent } from '../run.ts';
import { whyEnded } from '../why-ended.ts';
import { type Came, checkExpected } from './check-expected.ts';
import { createScriptedModels } from './scripted-models.ts';
import { createScriptedPersons, type Resumes } from './scripted-persons.ts';
import { type Listen, watchCost } from './watch-cost.ts';

export type PlayWrittenDeps = Omit<BeginRunDeps, 'emit' | 'recorded'> &
  ReplayToolsDeps & {
    /**
     * The agent as it serves, to be loaded where it may reach outside.
     *
     * @throws GatewayError `agent_unavailable`, `generation_gone`, `not_allowed`.
     */
    readonly agentOf: (agentId: string) => Promise<ServedAgent>;
    readonly enterReplay: LiveReplays['enter'];
    readonly listen: Listen;
    /** Told of what the run does. */
    readonly note: Emit;
    /** Takes secrets out of what an agent says: whoever reads a report may know none. */
    readonly hide: (agentId: string) => (text: string) => string;
  };

/** Runs an agent by a case that its author wrote. Throws `GatewayError`, and where the signal is aborted, its reason. */
export type PlayWritten = (
  agentId: string,
  test: WrittenTest,
  signal: AbortSignal,
) => Promise<PlayedWritten>;

export function createPlayWritten(deps: PlayWrittenDeps): PlayWritten {
  return async (agentId, test, signal) => {
    const agent = withTurns(await deps.agentOf(agentId), test);
    const models = createScriptedModels(test.model);
    // The secrets of a module are known from its load on.
    const hide = (text: string) => deps.hide(agentId)(text);
    const calls = createCallWatch(deps.note, hide);
    const { answer } = models;
    const persons = createScriptedPersons(test.approvals);
    const parts: Part[] = [];
    for (let resumes: Resumes | null = null; ; ) {
      const runId = newRunId();
      const cost = watchCost(deps.listen, runId);
      const run = begin(deps, { runId, agent, test, signal, answer, emit: calls.emit, resumes });
      const part = await readRun(run).finally(cost.end);
      signal.throwIfAborted();
      parts.push({ ...part, costNanoUsd: cost.end() });
      resumes = part.last.type === 'interrupted' ? persons.answer(part.last, run) : null;
      if (!resumes) break;
    }
    const { said, started, last, usage, costNanoUsd } = joined(parts);
    const text = hide(said);
    const tools = calls.made(started);
    const tokens = usage.inputTokens + usage.outputTokens;
    const came = { text, tools, modelCalls: models.asked(), tokens, costNanoUsd };
    const code = last.type === 'failed' ? last.code : null;
    const difference = persons.difference() ?? (await differenceOf(test, came, last));
    return { outcome: outcomeOf(last), code, text, difference, tools, usage };
  };
}

/** The run is ended where it takes more turns than are expected. */
function withTurns(agent: ServedAgent, { expect }: WrittenTest): ServedAgent {
  const { max_turns: most } = expect;
  const { settings } = agent.manifest;
  if (most === undefined) return agent;
  const maxTurns = Math.min(most, settings.maxTurns ?? most);
  return { ...agent, manifest: { ...agent.manifest, settings: { ...settings, maxTurns } } };
}

const caller: Caller = {
  keyId: 'test',
  keyName: 'test',
  role: 'admin',
  namespaces: null,
  agents: null,
  requestId: 'test',
};

type Beginning = {
  readonly runId: string;
  readonly agent: ServedAgent;
  readonly test: WrittenTest;
  readonly signal: AbortSignal;
  readonly answer: ReturnType<typeof createScriptedModels>['answer'];
  readonly emit: Emit;
  /** What a person said of the run before it. */
  readonly resumes: Resumes | null;
};

function begin(
  deps: PlayWrittenDeps,
  { runId, agent, test, signal, answer, emit, resumes }: Beginning,
): Run {
  const ending = createRunEnding();
  const abort = new AbortController();
  const stop = () => abort.abort(new GatewayError('run_cancelled', 'The test was stopped.'));
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  ending.onEnd(() => signal.removeEventListener('abort', stop));
  ending.onEnd(deps.enterReplay(runId, answer));
  const user = { ...agent, key: principalOf(caller), request: { metadata: {} } };
  return beginRun(
    // What tools are called with is told where a run is recorded.
    { ...deps, emit, recorded: () => ({ filesHash: null }) },
    {
      runId,
      waitedMs: 0,
      caller,
      input: inputOf(agent, test),
      agent,
      ignored: [],
      tools: deps.toolsOf.noted(user, {
        runId,
        requestId: caller.requestId,
        grants: resumes?.grants ?? [],
      }),
      user,
      ending,
      abort,
      limits: noRunLimits,
      ...(resumes && { resumes }),
    },
  );
}

function inputOf({ agentId }: ServedAgent, { messages, streamed }: WrittenTest): RunInput {
  const items = messages.map(({ role, content: text }) =>
    role === 'user' ? { role, parts: [{ type: 'text', text } as const] } : { role, text },
  );
  const none = { settings: {}, clientTools: false, metadata: {} };
  return { modelId: agentId, items, streamed, outputFormat: { type: 'text' }, ...none };
}

/** Notes what tools were called with. */
function createCallWatch(note: Emit, hide: (text: string) => string) {
  const called = new Map<string, unknown>();
  return {
    emit(event: GatewayEvent) {
      if (event.type === 'tool_called' && event.callId !== null && event.contents) {
        called.set(event.callId, parsed(hide(event.contents.arguments())));
      }
      note(event);
    },
    made: (started: readonly Started[]): MadeCall[] =>
      started.map(({ callId, tool }) => ({ name: tool, arguments: called.get(callId) ?? {} })),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

type Started = { readonly callId: string; readonly tool: string };

/** What a run did, up to its end or to where it waits. */
type Part = Awaited<ReturnType<typeof readRun>> & { readonly costNanoUsd: number | null };

/** The parts of a run that waited in between, as one. */
function joined(parts: readonly Part[]) {
  const last = parts.at(-1)?.last ?? neverEnded();
  const usage = parts.reduce((sum, part) => added(sum, part.last.usage), noUsage);
  const costs = parts.map(({ costNanoUsd }) => costNanoUsd);
  const costNanoUsd = costs.reduce(
    (sum, cost) => (sum === null || cost === null ? null : sum + cost),
    0,
  );
  const said = parts.map(({ text }) => text).filter((text) => text !== '');
  return {
    said: said.join('\n\n'),
    started: parts.flatMap(({ started }) => started),
    last,
    usage,
    costNanoUsd,
  };
}

function added(one: Usage, other: Usage): Usage {
  return {
    requests: one.requests + other.requests,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
  };
}

async function readRun(run: Run) {
  const texts: string[] = [];
  const started: Started[] = [];
  for await (const event of eventsOf(run)) {
    if (event.type === 'text') texts.push(event.delta);
    if (event.type === 'tool_started') started.push(event);
    if (isLastEvent(event)) return { text: texts.join(''), last: event, started };
  }
  return neverEnded();
}

function neverEnded(): never {
  throw new Error('The run ended without a last event.');
}

async function differenceOf(
  { expect, model }: WrittenTest,
  came: Came,
  last: LastEvent,
): Promise<TestDifference | null> {
  const left = (model?.length ?? 0) - came.modelCalls;
  if (model && left < 0) {
    const message = `The model is asked once more than the case has answers: it has ${model.length}.`;
    return { place: 'model', kind: 'model_call', message, changes: [] };
  }
  const outcome = outcomeOf(last);
  if (last.type === 'failed' && last.code === 'max_turns_exceeded' && expect.max_turns) {
    const message = `The agent takes more than ${expect.max_turns} turns.`;
    return { place: 'expect.max_turns', kind: 'model_call', message, changes: [] };
  }
  const { outcome: wanted = 'finished' } = expect;
  if (outcome !== wanted) {
    const message = `The run ended as ${outcome}, not as ${wanted}.${whyEnded(last)}`;
    return { place: 'expect.outcome', kind: 'outcome', message, changes: [] };
  }
  if (left > 0) {
    const place = `model[${came.modelCalls}]`;
    const message = `The run ends before the model is asked for ${place}.`;
    return { place, kind: 'model_call', message, changes: [] };
  }
  return checkExpected(expect, came);
}
