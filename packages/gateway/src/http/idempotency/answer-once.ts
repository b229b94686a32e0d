import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { keyReused } from '../../protocol/state/idempotency-failures.ts';
import type { AskedOnce } from '../../runs/idempotency/ask-once.ts';
import type { HttpDeps } from '../deps.ts';
import { sessionHeaders } from '../intake/session-asked.ts';
import { callerOf } from '../route.ts';
import { answerFirst, type RunFor } from './answer-first.ts';
import { callerAlone } from './audience.ts';
import type { Flight } from './flight.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { sendKept, sendLanded } from './send-again.ts';

/** A request with an `Idempotency-Key`. */
export type OnceExchange = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** What it asks for, whatever address it has that at. */
  readonly route: string;
};

/**
 * Answers a request once, however often it comes: repeats get the first answer, or wait for it, and take nothing of what
 * runs take.
 *
 * @param run - Runs it for all who wait.
 * @throws GatewayError `invalid_value`, `idempotency_key_reused`, `run_outcome_unknown`, `request_in_progress`.
 */
export async function answerOnce(
  deps: HttpDeps,
  exchange: OnceExchange,
  run: RunFor,
): Promise<unknown> {
  const { request, reply } = exchange;
  const asked = askedOf(exchange);
  if (!deps.askOnce.isOn()) return run(callerAlone(reply, ['idempotency-key']));
  const id = deps.askOnce.idOf(asked);
  const { flights } = request.server;
  await flights.streamReadOn(request.raw.socket, id)?.();
  // Between looking and beginning nothing is waited for: of those that come at once, one is the first.
  for (let going = flights.find(id); going; going = flights.find(id)) {
    if (!going.unwanted.aborted) return waitFor(deps, exchange, { going, asked });
    // One that is being ended is no answer to anybody.
    await going.ended;
  }
  const flight = flights.begin(id, asked);
  flight.join(reply.raw);
  try {
    const opened = await deps.askOnce.open(asked, flight.unwanted);
    if (opened.type === 'first') {
      const { claim } = opened;
      return await answerFirst(deps, { request, reply, id, claim, flight }, run);
    }
    flight.land({ type: 'reply', reply: opened.reply });
    flight.end();
    return await sendKept(deps, { request, reply, id }, opened);
  } catch (error) {
    flight.fail(error);
    flight.end();
    throw error;
  }
}

async function waitFor(
  deps: HttpDeps,
  { request, reply }: OnceExchange,
  { going, asked }: { readonly going: Flight; readonly asked: AskedOnce },
): Promise<unknown> {
  if (going.bodyHash !== asked.bodyHash) throw keyReused();
  going.join(reply.raw);
  const landed = await going.landed;
  return sendLanded(deps, { request, reply }, { landed, requestId: going.requestId });
}

function askedOf({ request, route }: OnceExchange): AskedOnce {
  const { keyId, user } = callerOf(request);
  // A session that is named in a header is part of what is asked for.
  const parts = JSON.stringify([request.bodyHash, ...sessionHeaders(request.raw)]);

  const bodyHash = createHash('sha256').update(parts).digest('hex');
  const name = idempotencyKeyOf(request.raw);
  return { keyId, user: user?.id ?? null, route, name, bodyHash, requestId: request.id };
}
