import type { RunEvent } from '../../src/protocol/run.ts';
import type { ResumedRun, WorkerQuestion } from '../../src/protocol/worker/messages.ts';
import { eventsOf, runInput } from './worker-run.ts';

type Module = Parameters<typeof eventsOf>[0];

type RunChanges = NonNullable<Parameters<typeof eventsOf>[1]>;

type Interrupted = Extract<RunEvent, { type: 'interrupted' }>;

/** The end of a run that waits; throws where it ended otherwise. */
export function waitingEnd(events: readonly RunEvent[]): Interrupted {
  const last = events.at(-1);
  if (last?.type !== 'interrupted') throw new Error(`It ended with ${JSON.stringify(last)}.`);
  return last;
}

/** Goes on with a run of `runInput()`, as a run of its own; `changes` replace what a test is about. */
export function goOn(
  module: Module,
  resume: Pick<ResumedRun, 'state'> & Partial<ResumedRun>,
  changes: RunChanges = {},
): Promise<RunEvent[]> {
  return eventsOf(module, {
    runId: 'run_2',
    context: {
      request_id: 'req_2',
      run_id: 'run_2',
      key: { id: 'key_1', name: 'alice' },
      metadata: {},
      model_id: 'default/sample',
    },
    ...changes,
    input: changes.input ?? runInput(),
    resume: { decisions: [], results: [], ...resume },
  });
}

/** Approves these calls. */
export function approved(...callIds: readonly string[]): ResumedRun['decisions'] {
  return callIds.map((callId) => ({ callId, approve: true }));
}

/** A gateway that answers each kind of question the same, and the questions it was asked. */
export function answering(answers: Partial<Record<WorkerQuestion['ask'], unknown>>) {
  const asked: WorkerQuestion[] = [];
  const ask = async (question: WorkerQuestion): Promise<unknown> => {
    asked.push(question);
    if (!(question.ask in answers)) throw new Error('Nobody answers that.');
    return answers[question.ask];
  };
  return { asked, ask };
}
