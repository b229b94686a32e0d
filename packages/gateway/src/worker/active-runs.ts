import { isLastEvent, noUsage, type RunEvent } from '../protocol/run.ts';
import type {
  FromWorker,
  ToolResult,
  ToolVerdicts,
  WorkerQuestion,
  WorkerRun,
} from '../protocol/worker/messages.ts';
import { createEventLane, createTurnEnd, type EventLane } from './event-lane.ts';
import type { LoadedModule, RunModule } from './loaded-module.ts';
import type { GatewayLink } from './run/outside-runs.ts';
import { Refused } from './run/run-scope.ts';
import { createToolCount } from './tools/tool-count.ts';
import { createToolResults } from './tools/tool-results.ts';

/** The runs of this process, by id. Messages for a run that is over are dropped, but for `cancel`, which is answered. */
export type ActiveRuns = {
  readonly start: (module: LoadedModule, run: WorkerRun, credits: number) => void;
  readonly grant: (runId: string, events: number) => void;
  readonly cancel: (runId: string, reason: string) => void;
  /** Puts other verdicts in place of a run's; they hold from its next call of a tool. */
  readonly decide: (runId: string, verdicts: ToolVerdicts) => void;
  /** Hands a reply to whoever asked. */
  readonly answer: (callId: string, result: unknown) => void;
  /** Takes a part of a tool's result; the last one answers whoever asked. */
  readonly takeToolResult: (part: ToolResult, bytes: Uint8Array | null) => void;
  /** Hands a refusal to whoever asked; `message` says why. */
  readonly refuse: (callId: string, message: string) => void;
  /** The way to the gateway for what is done outside of runs. */
  readonly outside: GatewayLink;
  /** How many are not over. */
  readonly count: () => number;
};

/** How long something outside of runs waits for the gateway's answer; a run waits until it is cancelled. */
const outsidePatienceMs = 30_000;

type ActiveRun = {
  readonly lane: EventLane;
  readonly controller: AbortController;
  verdicts: ToolVerdicts;
  /** What goes on when its last event is out. */
  work: Promise<unknown>;
};

/** Runs what is asked through `runModule` and sends what it says. Each run ends in exactly one final event. */
export function createActiveRuns(deps: {
  readonly runModule: RunModule;
  readonly send: (message: FromWorker) => void;
}): ActiveRuns {
  const runs = new Map<string, ActiveRun>();
  const questions = createQuestions(deps.send);
  const atTurnEnd = createTurnEnd();

  return {
    start(module, run, credits) {
      const { runId } = run;
      const controller = new AbortController();
      const about = { credits, streamed: run.input.streamed, atTurnEnd };
      const lane = createEventLane((event) => deps.send({ type: 'event', runId, event }), about);
      const outlet = stopAfterFinal(lane);
      const active: ActiveRun = {
        lane,
        controller,
        verdicts: run.verdicts,
        work: Promise.resolve(),
      };
      runs.set(runId, active);
      const ended = deps.runModule(module, {
        ...run,
        verdicts: () => active.verdicts,
        toolCount: createToolCount(run.toolLimits),
        signal: controller.signal,
        ask: (question) => questions.ask(runId, question, controller.signal),
        decided: (decided) => deps.send({ type: 'tool_decided', runId, ...decided }),
        outlives(work) {
          active.work = work;
        },
        send: outlet.push,
      });
      void untilOver(ended, active, outlet).then(() => {
        runs.delete(runId);
        if (controller.signal.aborted) deps.send({ type: 'run_over', runId });
      });
    },
    grant: (runId, events) => runs.get(runId)?.lane.grant(events),
    cancel(runId, reason) {
      const run = runs.get(runId);
      if (!run) deps.send({ type: 'run_over', runId });
      run?.controller.abort(new DOMException(reason, 'AbortError'));
      run?.lane.release();
    },
    decide(runId, verdicts) {
      const run = runs.get(runId);
      if (run) run.verdicts = verdicts;
    },
    answer: questions.answer,
    takeToolResult: createToolResults(questions.answer),
    refuse: questions.refuse,
    count: () => runs.size,
    outside: {
      ask: (question) => questions.ask(null, question, AbortSignal.timeout(outsidePatienceMs)),
      decided: (decided) => deps.send({ type: 'tool_decided', runId: null, ...decided }),
    },
  };
}

/** Resolves when its last event is out, whatever becomes of it, and nothing of it goes on. */
async function untilOver(
  ended: Promise<void>,
  active: ActiveRun,
  { push, hasEnded }: Outlet,
): Promise<void> {
  await ended.catch((error: unknown) => push(unexpectedEnd(error)));
  // An error costs its stack: none is built for a run that told its end.
  if (!hasEnded()) await push(unexpectedEnd(null));
  await active.lane.drained();
  await Promise.allSettled([active.work]);
}

type Outlet = { readonly push: EventLane['push']; readonly hasEnded: () => boolean };

/** A run that says more after its end, or ends without a word, is a fault here; its caller sees one end. */
function stopAfterFinal(lane: EventLane): Outlet {
  let hasEnded = false;
  return {
    hasEnded: () => hasEnded,
    push(event) {
      if (hasEnded) return undefined;
      hasEnded = isLastEvent(event);
      return lane.push(event);
    },
  };
}

function unexpectedEnd(error: unknown): RunEvent {
  const thrown = error instanceof Error ? error : new Error('The run ended without a result.');
  return {
    type: 'failed',
    code: 'run_failed',
    message: 'The agent failed unexpectedly.',
    detail: {
      class: thrown.name,
      message: thrown.message,
      stage: 'worker',
      ...(thrown.stack ? { stack: thrown.stack } : {}),
    },
    usage: noUsage,
  };
}

/** Questions that wait for an answer of the gateway. A run that is cancelled waits no longer: it is refused. */
function createQuestions(send: (message: FromWorker) => void) {
  const waiting = new Map<string, PromiseWithResolvers<unknown>>();
  let asked = 0;
  return {
    ask(runId: string | null, question: WorkerQuestion, signal: AbortSignal): Promise<unknown> {
      const answer = Promise.withResolvers<unknown>();
      asked += 1;
      const callId = `${runId ?? 'outside'}.${asked}`;
      const refuse = () =>
        answer.reject(
          new Refused(runId === null ? 'There was no answer.' : 'The run was cancelled.'),
        );
      waiting.set(callId, answer);
      if (signal.aborted) refuse();
      signal.addEventListener('abort', refuse, { once: true });
      send({ type: 'question', callId, runId, question });
      return answer.promise.finally(() => {
        waiting.delete(callId);
        signal.removeEventListener('abort', refuse);
      });
    },
    answer: (callId: string, result: unknown) => waiting.get(callId)?.resolve(result),
    refuse: (callId: string, message: string) => waiting.get(callId)?.reject(new Refused(message)),
  };
}
