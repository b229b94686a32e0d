import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeptReply } from '../../protocol/state/idempotency.ts';
import type { RequestClaim } from '../../runs/idempotency/ask-once.ts';
import type { Flight } from './flight.ts';
import type { RunOutcome } from './run-outcome.ts';

/** The first of requests that are the same, which answers all of them. */
export type FirstRequest = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly id: string;
  readonly claim: RequestClaim;
  readonly flight: Flight;
};

/** The same, once it is known how it is answered. */
export type AnsweredFirst = FirstRequest & {
  readonly outcome: RunOutcome;
  /** Keeps or drops what came of it, and then ends it for all who wait. Never rejects. */
  readonly settle: (work: () => Promise<void>) => Promise<void>;
};

/** Headers that belong to an answer, whoever it is sent to. */
const ofAnswer = ['x-agent-ignored', 'x-conversation-id'];

/** An answer as it is kept; its headers are those of the first reply. */
export function keptReply(
  reply: FastifyReply,
  { form, body, status = 200 }: Pick<KeptReply, 'form' | 'body'> & { readonly status?: number },
): KeptReply {
  const given = ofAnswer.flatMap((name) => {
    const value = reply.getHeader(name);
    return value === undefined ? [] : [[name, String(value)]];
  });
  return { form, status, headers: Object.fromEntries(given), body };
}
