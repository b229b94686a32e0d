import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import {
  eventsAnswer,
  eventsQuery,
  type NumberedEvent,
} from '../../../protocol/admin/events-answer.ts';
import type { HttpDeps } from '../../deps.ts';
import { defaultKeepAliveMs } from '../../going-on/run-in-background.ts';
import { sendEvents } from '../../live/send-events.ts';
import { callerOf, defineRoute, type Route } from '../../route.ts';

/** `GET /admin/events`: what happens, told as it does. */
export const eventRoutes: readonly Route[] = [
  {
    ...defineRoute({
      method: 'GET',
      url: '/admin/events',
      audience: 'operators',
      scope: 'own',
      summary:
        'Follow what happens, as server-sent events, of the agents that the key reaches and whose runs it may read.',
      query: eventsQuery,
      handle: ({ deps, request, reply, query }) => follow(deps, { request, reply, query }),
    }),
    answer: eventsAnswer,
    mediaTypes: ['text/event-stream'],
  },
];

type Followed = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly query: z.output<typeof eventsQuery>;
};

function follow(deps: HttpDeps, { request, reply, query }: Followed): FastifyReply {
  const { live, settings, emit } = deps;
  // Of a HEAD request nobody reads anything.
  if (request.method === 'HEAD') return reply.type('text/event-stream; charset=utf-8').send();
  const view = live.view(callerOf(request));
  const keepAliveMs = settings.keepAliveMs ?? defaultKeepAliveMs;
  const after = lastRead(request) ?? query.after;
  sendEvents(reply, {
    feed: live.feed,
    view,
    wants: wantsOf(query),
    after,
    keepAliveMs,
  }).catch((error: unknown) => {
    emit({ type: 'fault_survived', where: 'stream of events', error });
    reply.raw.destroy();
  });
  return reply;
}

/** A client that comes back by itself says in its header where it was, beside the address it began with. */
function lastRead({ headers }: FastifyRequest): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function wantsOf({ types, agent }: z.output<typeof eventsQuery>) {
  const wanted = types === undefined ? null : new Set<string>(types.split(','));
  return (event: NumberedEvent['event']): boolean =>
    (wanted === null || wanted.has(event.type)) &&
    (agent === undefined || ('agent_id' in event && event.agent_id === agent));
}
