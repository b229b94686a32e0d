import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ChatRequest, chatRequestSchema, unknownFields } from '../../protocol/openai-chat.ts';
import { eventsOf } from '../../protocol/run-sink.ts';
import { whenCallerLeaves } from '../caller-gone.ts';
import type { HttpDeps } from '../deps.ts';
import { sendEventStream } from '../event-stream.ts';
import { processingMs } from '../exchange.ts';
import { holdAnswer } from '../formats/answer-room.ts';
import { chatCompletion, chatHead } from '../formats/chat.ts';
import { toRunInput } from '../formats/chat-input.ts';
import { createChatStream } from '../formats/chat-stream.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

const defaultKeepAliveMs = 15_000;

/** `POST /v1/chat/completions`, whole or streamed, also for clients whose base URL lacks `/v1`. */
export const chatRoutes: readonly Route[] = ['/v1/chat/completions', '/chat/completions'].map(
  (url) =>
    defineRoute({
      method: 'POST',
      url,
      audience: 'callers',
      summary: 'Run an agent on a conversation.',
      startsRun: true,
      body: chatRequestSchema,
      handle: ({ deps, body, request, reply }) => chat(deps, { body, request, reply }),
    }),
);

type ChatExchange = {
  readonly body: ChatRequest;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
};

async function chat(deps: HttpDeps, { body, request, reply }: ChatExchange) {
  const caller = callerOf(request);
  const left = new AbortController();
  whenCallerLeaves(reply.raw, () => left.abort());
  const run = await deps.startRun(caller, toRunInput(body), left.signal);
  const { id: runId, agentId, modulePath, generation } = run;
  request.begunRun = { runId, agentId, modulePath, generation };
  request.server.openRuns.add(run);
  whenCallerLeaves(reply.raw, () => run.cancel('the caller left'));
  const head = chatHead(run.id, body.model);
  const ignored = [...run.ignored, ...unknownFields(body)];
  if (ignored.length > 0) reply.header('x-agent-ignored', ignored.join(', '));
  if (!body.stream) {
    const unread = deps.unread.hold({ agentId: run.agentId }, 'whole_answer');
    reply.raw.once('close', unread.release);
    request.holdsAnswer = true;
    const room = holdAnswer(unread);
    return chatCompletion(eventsOf(run), { head, presentation: run.presentation, room });
  }
  reply.header('openai-processing-ms', processingMs(request));
  sendEventStream(reply, run, {
    format: createChatStream(head, {
      presentation: run.presentation,
      includeUsage: body.stream_options?.include_usage === true,
      role: caller.role,
    }),
    keepAliveMs: deps.settings.keepAliveMs ?? defaultKeepAliveMs,
    onFault: (error) =>
      deps.emit({
        type: 'request_failed',
        requestId: request.id,
        code: 'gateway_failed',
        error,
      }),
  });
  return reply;
}
