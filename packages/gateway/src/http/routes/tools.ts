import {
  toolCallAnswer,
  toolCallBody,
  toolCallParams,
  toolsAnswer,
  toolsRefreshAnswer,
} from '../../protocol/admin/tools-answer.ts';
import { callerGone } from '../caller-gone.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

/** The routes about the gateway's own tools. */
export const toolRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/admin/tools',
    audience: 'admins',
    summary: 'List the gateway’s tools with what came of their calls.',
    answer: toolsAnswer,
    handle: ({ deps }) => deps.tools.list(),
  }),
  defineRoute({
    method: 'POST',
    url: '/admin/tools/refresh',
    audience: 'admins',
    summary: 'Read the settings of the tools again now.',
    answer: toolsRefreshAnswer,
    handle: ({ deps }) => deps.tools.refresh(),
  }),
  defineRoute({
    method: 'POST',
    url: '/admin/tools/:name/call',
    audience: 'admins',
    summary: 'Call a tool of the gateway, as the rules let this key.',
    params: toolCallParams,
    body: toolCallBody,
    answer: toolCallAnswer,
    handle: ({ deps, request, reply, params, body }) =>
      deps.tools.call(callerOf(request), {
        tool: params.name,
        args: body.arguments,
        signal: callerGone(reply.raw),
      }),
  }),
];
