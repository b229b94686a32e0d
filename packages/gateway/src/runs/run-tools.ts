import { GatewayError } from '../errors.ts';
import type { Emit, EventOf } from '../events.ts';
import { decide } from '../policy/rules/decide.ts';
import type { Answer, Decision, Effect, Rule } from '../protocol/policy.ts';
import type { WorkerAnswer } from '../protocol/pool.ts';
import type { Provenance } from '../protocol/run.ts';
import type { Grant } from '../protocol/state/approval-store.ts';
import type { HostedAnswer, HostedQuestion, HostedTool } from '../protocol/tools/hosted-tools.ts';
import type { CallGatewayTool } from '../protocol/tools/tool-call.ts';
import { callTrace, type RunTrace } from '../protocol/trace.ts';
import type { ToolDecided, ToolVerdicts, WorkerQuestion } from '../protocol/worker/messages.ts';
import { createGranted, type Granted, parsedArguments } from './approvals/granted.ts';
import { createDecisionCap, type DecisionCap } from './decision-cap.ts';
import { withDefault } from './hosted-runs.ts';
import type { ObservedRun } from './observe-run.ts';
import type { RunMeter } from './run-meter.ts';
import {
  createToolTables,
  type ToolTable,
  type ToolTablesDeps,
  type ToolUser,
  toolQuestion,
} from './tool-tables.ts';

export type RunToolsDeps = ToolTablesDeps & {
  /** Calls back when rules may decide otherwise than before. */
  readonly onChange: (listener: () => void) => void;
  readonly callTool: CallGatewayTool;
  /** What becomes of hosted tools that the gateway does not know. */
  readonly unknownHostedTools: () => Effect;
  readonly emit: Emit;
};

/** What policy says of the tools of one run, from its start to its end. */
export type RunTools = {
  /** Those to begin with. */
  readonly verdicts: ToolVerdicts;
  /** Calls back when others hold, until the returned function is called, with which the run is over. */
  readonly follow: (listener: (verdicts: ToolVerdicts) => void) => () => void;
  /** Records what the worker made of the verdicts. */
  readonly onDecided: (decided: ToolDecided) => void;
  /** Decides about a tool that runs at the upstream, and records the answer where it is another than before. */
  readonly decideHosted: (tool: HostedTool) => HostedAnswer;
  /** Whether a person approved the call of such a tool. */
  readonly isApprovedHosted: (question: HostedQuestion) => boolean;
  /** Which rule asks that a person approves a call, where one does. */
  readonly whyAsked: WhyAsked;
  /** Answers a question of the worker, with the arguments of a call at hand. */
  readonly answer: (question: WorkerQuestion, run: AskingRun) => Promise<WorkerAnswer>;
};

/** Tells which rule asks that a person approves a call; null where the agent does. `arguments` are JSON. */
export type WhyAsked = (call: {
  readonly tool: string;
  readonly provenance: Provenance;
  readonly arguments: string;
}) => { readonly ruleId: string | null; readonly approvers: readonly string[] | null };

/** The run that a question is asked in. */
export type AskingRun = {
  /** Aborts with it. */
  readonly signal: AbortSignal;
  readonly trace: RunTrace | undefined;
  /** Told of each gateway tool that was called. */
  readonly onToolCalled: ObservedRun['onToolCalled'];
  /** Counts a tool that is asked about; throws where the run may call no more. */
  readonly countTool: RunMeter['countTool'];
};

/** How often verdicts that depend on the clock are looked at. */
const clockIntervalMs = 800;

/** How long a worker may go on by the verdicts of before, until what it says is held to the new ones. */
const adoptionMs = 5000;

type Decided = EventOf<'access_decided'>;

/** What decisions about the tools of a run name it by. */
type RunIds = {
  readonly runId: string;
  readonly requestId: string;
  /** What a person has approved of it. */
  readonly grants?: readonly Grant[];
};

type Live = {
  readonly user: ToolUser;
  /** What each of its decisions says of it. */
  readonly about: Pick<Decided, 'run'> & Pick<RunIds, 'requestId'>;
  readonly decisions: DecisionCap;
  readonly granted: Granted;
  table: ToolTable;
  /** What was recorded of hosted tools, by their names. */
  readonly hosted: Map<string, Answer>;
  /** The rule that asks about tools at upstreams, of several one that names who answers. */
  hostedRule: Rule | null;
  /** The one before, for as long as the worker may still go by it. */
  earlier: { readonly table: ToolTable; readonly untilMs: number } | null;
  onChange: (verdicts: ToolVerdicts) => void;
};

/** Follows the rules for all live runs. */
export function createRunTools(deps: RunToolsDeps): (user: ToolUser, ids: RunIds) => RunTools {
  const tables = createToolTables(deps);
  const live = new Set<Live>();
  let clock: NodeJS.Timeout | null = null;

  const refresh = () => {
    for (const run of live) change(run, tables.of(run.user));
    watchClock();
  };
  const watchClock = () => {
    const isWanted = live.size > 0 && tables.dependOnTime();
    if (isWanted) clock ??= setInterval(refresh, clockIntervalMs).unref();
    if (isWanted || !clock) return;
    clearInterval(clock);
    clock = null;
  };
  deps.onChange(() => {
    tables.forget();
    refresh();
  });

  return (user, { runId, requestId, grants = [] }) => {
    const table = tables.of(user);
    const run: Live = {
      user,
      about: { requestId, run: { runId, generation: user.generation } },
      decisions: createDecisionCap(deps.emit),
      granted: createGranted(grants),
      table,
      hosted: new Map(),
      hostedRule: null,
      earlier: null,
      onChange: () => undefined,
    };
    return {
      verdicts: table.verdicts,
      follow(listener) {
        run.onChange = listener;
        live.add(run);
        watchClock();
        return () => {
          live.delete(run);
          run.decisions.end();
          watchClock();
        };
      },
      onDecided: (decided) => record(run, decided),
      decideHosted: (tool) => decideHosted(deps, run, tool),
      isApprovedHosted: run.granted.has,
      whyAsked: (call) => whyAsked(deps, run, call),
      answer: (question, asking) => answer(deps, run, { question, ...asking }),
    };
  };
}

function change(run: Live, table: ToolTable): void {
  const before = run.table;
  run.table = table;
  if (table === before || isSame(table.verdicts, before.verdicts)) return;
  run.earlier = { table: before, untilMs: performance.now() + adoptionMs };
  run.onChange(table.verdicts);
}

function isSame(some: ToolVerdicts, others: ToolVerdicts): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}

/** The decision that the worker went by: where the table of now does not say so, the one before may have. */
function record(run: Live, decided: ToolDecided): void {
  const { user, about, table } = run;
  const { tool, provenance, answer } = decided;
  const now = table.decisionOn(tool, provenance);
  const before = earlierOf(run)?.decisionOn(tool, provenance);
  const known = now.answer !== answer && before?.answer === answer ? before : now;
  // A worker may deny what rules allow: what it does not know how to ask about.
  const decision: Decision =
    answer === 'deny' && known.answer === 'allow' ? { answer, rule: null } : known;
  const question = toolQuestion(user, { tool, provenance });
  if (provenance === 'hosted' && !isNews(run, tool, decision.answer)) return;
  run.decisions.record({ type: 'access_decided', question, decision, ...about });
}

function decideHosted(
  { rules, nowSeconds, unknownHostedTools }: RunToolsDeps,
  run: Live,
  tool: HostedTool,
): HostedAnswer {
  const { name, aliases } = tool;
  const question = { ...toolQuestion(run.user, { tool: name, provenance: 'hosted' }), aliases };
  const decided = decide(rules(), question, nowSeconds());
  const decision = withDefault(decided, tool, unknownHostedTools());
  if (isNews(run, name, decision.answer)) {
    run.decisions.record({ type: 'access_decided', question, decision, ...run.about });
  }
  const asking = decision.answer === 'require_approval' ? decision.rule : null;
  if (asking && !run.hostedRule?.approvers) run.hostedRule = asking;
  return decision.answer;
}

function whyAsked(
  { rules, nowSeconds }: RunToolsDeps,
  { user, hostedRule }: Live,
  { tool, provenance, ...call }: Parameters<WhyAsked>[0],
): ReturnType<WhyAsked> {
  const args = parsedArguments(call.arguments);
  const question = toolQuestion(user, { tool, provenance, args });
  const { answer, rule: deciding } = decide(rules(), question, nowSeconds());
  const own = answer === 'require_approval' ? deciding : null;
  // Rules name the server, and the call one of its tools.
  const rule = own ?? (provenance === 'hosted' ? hostedRule : null);
  return { ruleId: rule?.id ?? null, approvers: rule?.approvers ?? null };
}

/** The worker offers a tool that the broker sees again: both are about one use of it. */
function isNews({ hosted }: Live, name: string, answer: Answer): boolean {
  if (hosted.get(name) === answer) return false;
  if (hosted.size < MAX_HOSTED) hosted.set(name, answer);
  return true;
}

/** Hosted tools of a run whose decisions are remembered; the names come from workers. */
const MAX_HOSTED = 200;

function earlierOf({ earlier }: Live): ToolTable | null {
  return earlier && performance.now() < earlier.untilMs ? earlier.table : null;
}

type Asking = AskingRun & { readonly question: WorkerQuestion };

async function answer(
  { rules, nowSeconds, callTool }: RunToolsDeps,
  run: Live,
  { question, signal, trace, onToolCalled, countTool }: Asking,
): Promise<WorkerAnswer> {
  if (question.ask === 'replay_tool' || question.ask === 'replay_tools') {
    throw new GatewayError('invalid_request', 'This run has no record that it could follow.');
  }
  const { user, about, decisions, granted } = run;
  const { tool } = question;
  const decideOn = (provenance: Provenance, args: unknown) => {
    const asked = toolQuestion(user, { tool, provenance, args });
    return { asked, decision: decide(rules(), asked, nowSeconds()) };
  };
  if (question.ask === 'approval_needed') {
    const { decision } = decideOn(question.provenance, question.arguments);
    return { type: 'value', value: decision.answer === 'require_approval' };
  }
  const { repeated, toolCallId: callId } = question;
  countTool({ tool, args: question.arguments ?? null, repeated });
  const isAllowed = (provenance: Provenance, args: unknown, use: (grant: Grant) => void) => {
    const { asked, decision: decided } = decideOn(provenance, args);
    // What the model wrote is what a person saw.
    const call = { tool, callId, args: question.arguments };
    const grant = decided.answer === 'require_approval' ? granted.find(call) : null;
    if (grant) use(grant);
    const decision = grant ? approved(decided, grant) : decided;
    decisions.record({ type: 'access_decided', question: asked, decision, ...about });
    return decision.answer === 'allow';
  };
  switch (question.ask) {
    case 'authorize_tool': {
      const { provenance = 'native', arguments: args } = question;
      return { type: 'value', value: isAllowed(provenance, args, granted.use) };
    }
    case 'call_tool': {
      const { spanId, ...traced } = callTrace(trace);
      const result = await callTool({
        tool,
        args: question.arguments,
        caller: user.key,
        requestId: about.requestId,
        ...traced,
        noCache: question.noCache ?? false,
        signal,
        isAllowed: (args) => isAllowed('gateway', args, granted.use),
      });
      onToolCalled({ tool, arguments: question.arguments, callId, spanId }, result);
      return { type: 'tool', ...result };
    }
    default:
      return question satisfies never;
  }
}

/** The decision on a call that a rule wants approved, and that was. */
function approved({ rule }: Decision, { approvalId, always }: Grant): Decision {
  if (!rule) return { answer: 'allow', rule };
  const { requiresApproval: _, ...asking } = rule;
  const reason = `Approved by ${approvalId}${always ? ', as all calls of the tool in this run' : ''}.`;
  return { answer: 'allow', rule: { ...asking, effect: 'allow', reason } };
}
