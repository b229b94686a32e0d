import type { TestDifference } from '../../protocol/admin/run-test.ts';
import type { WrittenTest } from '../../protocol/admin/written-test.ts';
import type { LastEvent } from '../../protocol/run.ts';
import type { AdmittedRun } from '../begin-run.ts';
import type { Run } from '../run.ts';

type Interrupted = Extract<LastEvent, { type: 'interrupted' }>;

/** What it takes to go on with a run that waits. */
export type Resumes = NonNullable<AdmittedRun['resumes']>;

type Answer = NonNullable<WrittenTest['approvals']>[number];

/** The persons of one run. */
export type ScriptedPersons = {
  /** @returns Null where the case has no answer to a call that waits. */
  readonly answer: (last: Interrupted, run: Pick<Run, 'id' | 'agentId'>) => Resumes | null;
  /** What was asked otherwise than the case says; null where nothing was. */
  readonly difference: () => TestDifference | null;
};

/** Answers calls that wait in order, each by the next answer of a case. */
export function createScriptedPersons(script: WrittenTest['approvals'] = []): ScriptedPersons {
  let answered = 0;
  let wrong: TestDifference | null = null;
  return {
    answer(last, { id: runId, agentId }) {
      const answers = script.slice(answered, answered + last.approvals.length);
      wrong =
        answers
          .map((answer, at) => differs(answer, last.approvals[at], answered + at))
          .find(Boolean) ?? null;
      answered += answers.length;
      // A call that the case says nothing of is where it ends.
      if (wrong || answers.length < Math.max(1, last.approvals.length)) return null;
      const decisions = last.approvals.map(({ callId }, at) => ({
        callId,
        ...decisionOf(answers[at]),
      }));
      const approved = last.approvals.filter((_call, at) => decisions[at]?.approve);
      return {
        of: { runId, agentId, filesHash: '' },
        resumed: { state: last.state, decisions, results: [] },
        grants: approved.map(({ callId, tool, arguments: written }) => {
          return { approvalId: callId, callId, tool, arguments: written, always: false };
        }),
        answered: [],
        ended: () => undefined,
      };
    },
    difference() {
      const left = script[answered];
      if (wrong || !left) return wrong;
      const message = `Nobody was asked about ${toolOf(left)}, for which the case has an answer.`;
      return { place: `approvals[${answered}]`, kind: 'tool_call', message, changes: [] };
    },
  };
}

function differs(
  answer: Answer,
  call: Interrupted['approvals'][number] | undefined,
  index: number,
): TestDifference | null {
  const tool = toolOf(answer);
  if (!call || call.tool === tool) return null;
  const message = `A person was asked about ${call.tool}, and not about ${tool}.`;
  const changes = [{ path: '', recorded: tool, replayed: call.tool }];
  return { place: `approvals[${index}]`, kind: 'tool_call', message, changes };
}

function toolOf(answer: Answer): string {
  return 'approve' in answer ? answer.approve : answer.deny;
}

function decisionOf(answer: Answer | undefined) {
  if (!answer || 'approve' in answer) return { approve: answer !== undefined };
  const { reason } = answer;
  return { approve: false, ...(reason === undefined ? {} : { reason }) };
}
