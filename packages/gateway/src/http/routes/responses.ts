import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import {
  itemListAnswer,
  responseAnswer,
  responseDeleted,
} from '../../protocol/formats/openai-answers.ts';
import { ownerOf } from '../../protocol/state/owner.ts';
import type { KeptTurn } from '../../runs/turns/kept-turns.ts';
import { endBackgroundRuns } from '../background-runs.ts';
import type { HttpDeps } from '../deps.ts';
import { endedLog } from '../event-log.ts';
import { sendEventLog } from '../event-stream.ts';
import { itemsQuery, toItemList } from '../formats/responses/item-list.ts';
import { toWireItems } from '../formats/responses/kept-items.ts';
import { defaultKeepAliveMs } from '../going-on/run-in-background.ts';
import { holdPage } from '../hold-page.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

const params = z.object({ id: z.string() });
const json = 'application/json; charset=utf-8';

const shownQuery = z.object({
  stream: z.enum(['true', 'false']).optional(),
  starting_after: z.coerce.number().int().min(0).optional(),
});

/** Responses that are kept, for the key that asked for them; also for a base URL that lacks `/v1`. */
export const responseRoutes: readonly Route[] = ['/v1/responses', '/responses'].flatMap((base) => [
  {
    ...defineRoute({
      method: 'GET',
      url: `${base}/:id`,
      audience: 'callers',
      summary:
        'Show a response that is kept; with `stream=true` the events of one that runs in the background, after that of a number.',
      params,
      query: shownQuery,
      handle: ({ deps, request, reply, params: { id }, query }) =>
        query.stream === 'true'
          ? sendAgain(deps, { id, after: query.starting_after ?? -1, request, reply })
          : show(deps, { id, request, reply }),
    }),
    answer: responseAnswer,
    mediaTypes: ['application/json', 'text/event-stream'],
  },
  defineRoute({
    method: 'GET',
    url: `${base}/:id/input_items`,
    audience: 'callers',
    summary: 'List what a kept response was asked, without what came before.',
    params,
    query: itemsQuery,
    answer: itemListAnswer,
    handle: async ({ deps, request, params: { id }, query }) => {
      const { input } = await deps.turns.kept.turn(ownerOf(callerOf(request)), id);
      return toItemList(toWireItems(input), query);
    },
  }),
  {
    ...defineRoute({
      method: 'POST',
      url: `${base}/:id/cancel`,
      audience: 'callers',
      summary: 'End a response that runs in the background.',
      params,
      handle: ({ deps, request, reply, params: { id } }) => cancel(deps, { id, request, reply }),
    }),
    answer: responseAnswer,
  },
  defineRoute({
    method: 'DELETE',
    url: `${base}/:id`,
    audience: 'callers',
    summary: 'Delete a kept response. A conversation that it was a turn of keeps its items.',
    params,
    answer: responseDeleted,
    handle: async ({ deps, request, params: { id } }) => {
      await endLive(request, id);
      await deps.turns.kept.removeTurn(ownerOf(callerOf(request)), id);
      return { id, object: 'response' as const, deleted: true as const };
    },
  }),
]);

type Wanted = {
  readonly id: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
};

async function show(deps: HttpDeps, { id, request, reply }: Wanted) {
  const { live, turn } = await found(deps, request, id);
  return reply.type(json).send(live?.now() ?? shown(turn));
}

/** What is kept of it, and its run where that goes on here. One that was deleted elsewhere is not there, for all its run. */
async function found(deps: HttpDeps, request: FastifyRequest, id: string) {
  const owner = ownerOf(callerOf(request));
  const { backgroundRuns } = request.server;
  const before = backgroundRuns.find(owner, id);
  const turn = await deps.turns.kept.turn(owner, id);
  const live = backgroundRuns.find(owner, id);
  const hasEndedMeanwhile = before && !live;
  return { live, turn: hasEndedMeanwhile ? await deps.turns.kept.turn(owner, id) : turn };
}

type WantedStream = Wanted & {
  /** Number of the last event that is not wanted any more; -1 for none. */
  readonly after: number;
  /** What to say where it has no stream, or none here. */
  readonly none?: (turn: KeptTurn) => GatewayError;
};

/** Sends the stream of a response that runs in the background, or ran. */
export async function sendAgain(
  deps: HttpDeps,
  { id, after, request, reply, none = () => noStream(id) }: WantedStream,
) {
  const { live, turn } = await found(deps, request, id);
  const log = live ? live.log : turn.events === null ? null : endedLog(turn.events);
  if (log && turn.events) holdPage(deps, { request, reply }, turn.events);
  if (!log) throw none(turn);
  const keepAliveMs = deps.settings.keepAliveMs ?? defaultKeepAliveMs;
  void sendEventLog(reply, log, { from: after + 1, keepAliveMs });
  return reply;
}

function noStream(id: string): GatewayError {
  return new GatewayError(
    'invalid_value',
    `The response '${id}' has no stream: it was not asked for as one in the background, or runs on another gateway. Ask for it without stream.`,
    { param: 'stream' },
  );
}

async function cancel(deps: HttpDeps, { id, request, reply }: Wanted) {
  const owner = ownerOf(callerOf(request));
  await endLive(request, id);
  const turn = await deps.turns.kept.turn(owner, id);
  const answer = shown(turn);
  if (JSON.parse(answer).background === true && !isElsewhere(turn)) {
    return reply.type(json).send(answer);
  }
  throw new GatewayError(
    'invalid_value',
    `The response '${id}' does not run in the background of this gateway. Leave its stream to end any other.`,
  );
}

/** Ends its run where that goes on in this process, and waits until its answer is kept. */
async function endLive(request: FastifyRequest, id: string): Promise<void> {
  const live = request.server.backgroundRuns.find(ownerOf(callerOf(request)), id);
  await endBackgroundRuns(live ? [live] : []);
}

function isElsewhere({ aliveUntilMs, isLost }: KeptTurn): boolean {
  return aliveUntilMs !== null && !isLost;
}

/** What is kept of it, and that it failed where its gateway is gone. */
function shown({ answer, isLost }: KeptTurn): string {
  if (!isLost) return answer ?? '';
  const message =
    'The gateway that ran it ended before the run did. What its tools did until then is done.';
  const error = { code: 'run_lost', message };
  return JSON.stringify({ ...JSON.parse(answer ?? '{}'), status: 'failed', error });
}
