import { eventsOf } from '../../protocol/run-sink.ts';
import { ownerOf } from '../../protocol/state/owner.ts';
import type { Run } from '../../runs/run.ts';
import type { OpenTurn, TurnAnswer } from '../../runs/turns/turn-types.ts';
import type { HttpDeps } from '../deps.ts';
import { processingMs } from '../exchange.ts';
import { chatFormat } from '../formats/chat-format.ts';
import { responsesFormat } from '../formats/responses/responses-format.ts';
import type { RunFormat } from '../formats/run-format.ts';
import { beginAsked, type RunExchange } from '../going-on/begin-asked.ts';
import { defaultKeepAliveMs, runInBackground } from '../going-on/run-in-background.ts';
import { answerOnce } from '../idempotency/answer-once.ts';
import { type Audience, callerAlone } from '../idempotency/audience.ts';
import { nameInBody, unheardUsers } from '../intake/name-user.ts';
import { presentationFor, toolEventsAsked } from '../intake/tool-events-asked.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';
import { requestFailed } from '../transport-errors.ts';

/** The ways to run an agent: a line for each format. */
export const formatRoutes: readonly Route[] = [
  ...routesOf(chatFormat),
  ...routesOf(responsesFormat),
];

function routesOf<Body>(format: RunFormat<Body>): Route[] {
  return format.urls.map((url) => ({
    ...defineRoute({
      method: 'POST',
      url,
      audience: 'callers',
      summary: format.summary,
      startsRun: true,
      body: format.body,
      async handle({ deps, body, request, reply }) {
        await nameInBody(deps, { request, reply }, format.namesUser(body));
        const run = (audience: Audience) =>
          runAgent(deps, format, { body, request, reply, audience });
        return request.headers['idempotency-key'] === undefined
          ? run(callerAlone(reply))
          : answerOnce(deps, { request, reply, route: format.urls[0] ?? url }, run);
      },
    }),
    answer: format.answer,
    mediaTypes: ['application/json', 'text/event-stream'],
  }));
}

/** Runs an agent, whole or streamed. Where nobody waits any more, its run is cancelled. */
async function runAgent<Body>(
  deps: HttpDeps,
  format: RunFormat<Body>,
  exchange: RunExchange<Body>,
) {
  const { request, reply, audience } = exchange;
  const caller = callerOf(request);
  const toolEvents = toolEventsAsked(request.raw);
  const begun = await beginAsked(deps, format, exchange);
  const { isTold, waitingRunId, turn, isStreamed, notSessions, body } = begun;
  const run = audience.follow(begun.run);
  request.server.openRuns.add(run);
  const unheard = [...unheardOf(deps, format, exchange, run), ...notSessions];
  if (unheard.length > 0) reply.header('x-agent-ignored', unheard.join(', '));
  const { outlives = false } = format.turn?.(exchange.body) ?? {};
  const conversationId = turn?.conversationId ?? null;
  const hold = () => {
    const unread = deps.unread.hold({ agentId: run.agentId }, 'whole_answer');
    if (outlives) run.onEnd(unread.release);
    else audience.whenSent(unread.release);
    return unread;
  };
  const presentation = presentationFor(run.presentation, toolEvents, caller.role);
  const keeping = createKeeping(turn, isTold ? (turn?.boundTo ?? null) : run.agentId);
  const { isKept, takesItems, onAnswer } = keeping;
  const { role } = caller;
  const kept = { isKept, takesItems, onAnswer };
  const userAgent = request.headers['user-agent'] ?? '';
  const of = { runId: run.id, waitingRunId, body, userAgent };
  const answered = { ...of, presentation, role, hold, ...kept };
  if (outlives && turn && format.background && !isTold) {
    const { whole } = keeping;
    const told = format.background(answered);
    const owner = ownerOf(caller);
    const background = { run, turn, conversationId, owner, isStreamed, format: told, whole };
    const { server, id: requestId } = request;
    return runInBackground(deps, { ...background, server, requestId }, { reply, audience });
  }
  audience.whenGone(() => run.cancel('the caller left'));
  if (!isStreamed) {
    request.holdsAnswer = true;
    try {
      return await format.whole(eventsOf(run), answered);
    } finally {
      await keeping.settle();
    }
  }
  reply.header('openai-processing-ms', processingMs(request));
  audience.sendStream(run, {
    format: format.stream(answered),
    keepAliveMs: deps.settings.keepAliveMs ?? defaultKeepAliveMs,
    ...(turn ? { beforeEnd: keeping.settle } : {}),
    onFault: (thrown) => deps.emit(requestFailed(request.id, thrown)),
  });
  return reply;
}

/** Names of what a request has and nobody heeds. */
function unheardOf<Body>(
  deps: HttpDeps,
  format: RunFormat<Body>,
  { body, request, audience }: RunExchange<Body>,
  { ignored }: Pick<Run, 'ignored'>,
): readonly string[] {
  const parts = ignored.map((name) => format.fields[name] ?? name);
  const users = unheardUsers(deps, request);
  return [...parts, ...format.unknownFields(body), ...users, ...audience.unheard];
}

/** Keeps the answer of a turn, once it is whole. */
function createKeeping(turn: OpenTurn | null, agentId: string | null) {
  let answer: TurnAnswer | null = null as TurnAnswer | null;
  return {
    isKept: turn?.isKept ?? false,
    takesItems: turn?.takesItems ?? false,
    onAnswer(whole: TurnAnswer) {
      answer = whole;
    },
    whole: () => answer,
    /** @throws GatewayError where it cannot be kept. */
    async settle(): Promise<void> {
      try {
        if (answer) await turn?.keep(answer, agentId);
      } finally {
        await turn?.end();
      }
    },
  };
}
