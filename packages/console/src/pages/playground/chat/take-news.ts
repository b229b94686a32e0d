import type { AskedApproval, RunNews, TokenUsage } from '../../../api/runs/run-news.ts';
import type { Answer, ApprovalStep, Step, ToolStep } from './chat-types.ts';

/** An answer with what a stream tells of it. Nothing is changed in place. */
export function takeNews(answer: Answer, news: RunNews): Answer {
  const nowMs = performance.now();
  switch (news.type) {
    case 'begun':
      return { ...answer, runIds: withRun(answer.runIds, news.runId) };
    case 'text':
      return { ...answer, text: answer.text + news.delta, firstMs: answer.firstMs ?? nowMs };
    case 'unsaid':
      return withoutLast(answer, news.chars);
    case 'thought':
      return { ...answer, thought: answer.thought + news.delta };
    case 'tool_started':
      return { ...answer, steps: [...answer.steps, startedTool(news, nowMs)] };
    case 'tool_ended':
      return { ...answer, steps: answer.steps.map((step) => endedTool(step, news, nowMs)) };
    case 'handed_off':
      return {
        ...answer,
        steps: [...answer.steps, { type: 'handoff', from: news.from, to: news.to }],
      };
    case 'asked':
      return {
        ...answer,
        runIds: answer.runIds.filter((id) => !isAskedAgain(answer, news.approvals, id)),
        steps: news.approvals.reduce(withAsked, answer.steps),
      };
    case 'usage':
      return { ...answer, usage: sum(answer.usage, news.usage) };
    case 'ended':
      return endAnswer(answer, { reason: news.reason });
    case 'failed':
      return endAnswer(answer, {
        failure: {
          kind: 'told',
          ...news.failure,
          message: news.failure.message,
          requestId: null,
          retryAtMs: null,
        },
      });
    default:
      return news satisfies never;
  }
}

function withoutLast(answer: Answer, chars: number): Answer {
  const text = answer.text.slice(0, answer.text.length - chars).trimEnd();
  return { ...answer, text, firstMs: text === '' ? null : answer.firstMs };
}

/** An answer of which nothing more comes for now. Tools that have not ended never will. */
export function endAnswer(
  answer: Answer,
  end: Partial<Pick<Answer, 'reason' | 'failure' | 'status'>>,
): Answer {
  const isWaiting = answer.steps.some(isOpen);
  const status = end.status ?? (end.failure ? 'failed' : isWaiting ? 'waiting' : 'done');
  return {
    ...answer,
    ...end,
    status,
    endedMs: performance.now(),
    steps: answer.steps.map(ended),
  };
}

/** Of a decision of which no answer came nobody knows whether it was taken: it is asked for again. */
function ended(step: Step): Step {
  if (step.type === 'tool' && step.outcome === null) return { ...step, outcome: 'aborted' };
  return step.type === 'approval' && step.state === 'sending'
    ? { ...step, state: 'waiting' }
    : step;
}

/** Whether a step waits for a person. */
export function isOpen(step: Step): step is ApprovalStep {
  return step.type === 'approval' && (step.state === 'waiting' || step.state === 'sending');
}

/** Changes what is known of a decision. */
export function withApproval(
  answer: Answer,
  approvalId: string,
  change: Partial<ApprovalStep>,
): Answer {
  return {
    ...answer,
    steps: answer.steps.map((step) =>
      step.type === 'approval' && step.approval.id === approvalId ? { ...step, ...change } : step,
    ),
  };
}

function withRun(runIds: readonly string[], runId: string): readonly string[] {
  return runIds.includes(runId) ? runIds : [...runIds, runId];
}

function startedTool(news: Extract<RunNews, { type: 'tool_started' }>, nowMs: number): ToolStep {
  const { callId, name, agent, provenance } = news;
  const open = { outcome: null, startedMs: nowMs, durationMs: null };
  return { type: 'tool', callId, name, agent, provenance, ...open };
}

function endedTool(
  step: Step,
  { callId, outcome, durationMs }: Extract<RunNews, { type: 'tool_ended' }>,
  nowMs: number,
): Step {
  if (step.type !== 'tool' || step.callId !== callId || step.outcome !== null) return step;
  return { ...step, outcome, durationMs: durationMs ?? nowMs - step.startedMs };
}

/** Whether a run is none, but the gateway that asks again for what is left to decide. */
function isAskedAgain(
  { steps }: Answer,
  approvals: readonly AskedApproval[],
  runId: string,
): boolean {
  const known = steps.flatMap((step) => (step.type === 'approval' ? [step.approval.id] : []));
  return approvals.every((one) => one.runId === runId && known.includes(one.id));
}

/** One that is asked about again is the same. */
function withAsked(steps: readonly Step[], approval: AskedApproval): readonly Step[] {
  const isKnown = steps.some(
    (step) => step.type === 'approval' && step.approval.id === approval.id,
  );
  if (isKnown) return steps;
  return [...steps, { type: 'approval', approval, state: 'waiting', reason: '', fault: '' }];
}

function sum(before: TokenUsage | null, more: TokenUsage): TokenUsage {
  if (!before) return more;
  return {
    input: before.input + more.input,
    output: before.output + more.output,
    cached: before.cached + more.cached,
    reasoning: before.reasoning + more.reasoning,
  };
}
