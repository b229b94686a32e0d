import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KeptReply } from '../../protocol/state/idempotency.ts';
import { outcomeUnknown, stillRunning } from '../../protocol/state/idempotency-failures.ts';
import type { OpenedRequest } from '../../runs/idempotency/ask-once.ts';
import type { HttpDeps } from '../deps.ts';
import { type EventLog, endedLog } from '../event-log.ts';
import { sendEventLog } from '../event-stream.ts';
import { defaultKeepAliveMs } from '../going-on/run-in-background.ts';
import { holdPage } from '../hold-page.ts';
import { sendAgain } from '../routes/responses.ts';
import type { Landed } from './flight.ts';

type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply };
type Answered = Extract<OpenedRequest, { type: 'answered' }>;

/** Sends a repeat what those get who wait for the first request. */
export function sendLanded(
  deps: HttpDeps,
  exchange: Exchange,
  { landed, requestId }: { readonly landed: Landed; readonly requestId: string },
): unknown {
  if (landed.type === 'reply') return sendReply(deps, exchange, { ...landed, requestId });
  exchange.reply.headers({ ...landed.headers, ...again(exchange, requestId) });
  void sendLog(deps, exchange.reply, landed.log);
  return exchange.reply;
}

/** Sends a repeat what is kept of the answer. */
export function sendKept(
  deps: HttpDeps,
  exchange: Exchange & { readonly id: string },
  { requestId, reply: kept, forget }: Answered,
): unknown {
  if (kept.form === 'events') {
    const { request, reply, id } = exchange;
    request.server.flights.onceRead({ request, reply, id }, forget);
  }
  return sendReply(deps, exchange, { requestId, reply: kept });
}

/** Sends the events of a stream that somebody else reads or read. */
export function sendLog(
  deps: HttpDeps,
  reply: FastifyReply,
  log: Pick<EventLog, 'from' | 'changed' | 'isEnded'>,
): Promise<void> {
  const keepAliveMs = deps.settings.keepAliveMs ?? defaultKeepAliveMs;
  return sendEventLog(reply, log, { from: 0, keepAliveMs });
}

function sendReply(
  deps: HttpDeps,
  exchange: Exchange,
  { requestId, reply: kept }: { readonly requestId: string; readonly reply: KeptReply },
): unknown {
  const { request, reply } = exchange;
  const { form, status, headers, body } = kept;
  reply.headers({ ...headers, ...again(exchange, requestId) });
  switch (form) {
    case 'json':
      return reply.code(status).type('application/json; charset=utf-8').send(body);
    case 'events':
      holdPage(deps, exchange, body);
      void sendLog(deps, reply, endedLog(body));
      return reply;
    case 'background':
      return sendAgain(deps, { id: body, after: -1, request, reply, none: noStreamYet });
    case 'unknown':
      throw outcomeUnknown(body);
    default:
      return form satisfies never;
  }
}

function noStreamYet({ isLost }: { readonly isLost: boolean }) {
  return isLost
    ? outcomeUnknown('The gateway that ran it ended before the run did.')
    : stillRunning();
}

/** What tells a repeat, and the log, that it is one. */
function again({ request }: Exchange, requestId: string) {
  request.repeatOf = requestId;
  return { 'idempotent-replayed': 'true', 'x-original-request-id': requestId };
}
