import type { RunEvent } from '../../../protocol/run.ts';

/** The end of a run that waits. */
export type Interrupted = Extract<RunEvent, { type: 'interrupted' }>;

type Waiting = Interrupted['approvals'][number];

/** A call that a person was asked about. */
export type AskedCall = Waiting & { readonly asked: NonNullable<Waiting['asked']> };

/** The calls that a person is asked about; null where the run is not kept, so that nobody can be. */
export function askedCalls({ approvals }: Interrupted): readonly AskedCall[] | null {
  const asked = approvals.filter((call): call is AskedCall => call.asked !== undefined);
  return asked.length === approvals.length ? asked : null;
}

/** What programs are told of them: the value of `x_agent`. @param runId - The run that waits. */
export function askedExtension(calls: readonly AskedCall[], runId: string) {
  const approvals = calls.map(({ asked: { id, code, expiresMs }, tool, arguments: written }) => ({
    id,
    run_id: runId,
    tool,
    arguments: written,
    expires_at: new Date(expiresMs).toISOString(),
    may_answer: code !== null,
  }));
  return { type: 'approvals_asked', approvals };
}
