import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { RunInput } from '../../protocol/run.ts';
import { eventsOf } from '../../protocol/run-sink.ts';
import type {
  OpenTurn,
  SessionWanted,
  TurnAnswer,
  TurnWanted,
} from '../../runs/turns/turn-types.ts';
import type { HttpDeps } from '../deps.ts';
import { processingMs } from '../exchange.ts';
import { chatFormat } from '../formats/chat-format.ts';
import { responsesFormat } from '../formats/responses/responses-format.ts';
import type { InputField, RunFormat } from '../formats/run-format.ts';
import { answerOnce } from '../idempotency/answer-once.ts';
import { type Audience, callerAlone } from '../idempotency/audience.ts';
import { sessionNamed, sessionNames } from '../intake/session-asked.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';
import { defaultKeepAliveMs, runInBackground } from './run-in-background.ts';

/** The ways to run an agent: a line for each format. */
export const formatRoutes: readonly Route[] = [
  ...routesOf(chatFormat),
  ...routesOf(responsesFormat),
];

function routesOf<Body>(format: RunFormat<Body>): Route[] {
  return format.urls.map((url) =>
    defineRoute({
      method: 'POST',
      url,
      audience: 'callers',
      summary: format.summary,
      startsRun: true,
      body: format.body,
      handle({ deps, body, request, reply }) {
        const run = (audience: Audience) =>
          runAgent(deps, format, { body, request, reply, audience });
        return request.headers['idempotency-key'] === undefined
          ? run(callerAlone(reply))
          : answerOnce(deps, { request, reply, route: format.urls[0] ?? url }, run);
      },
    }),
  );
}

type RunExchange<Body> = {
  readonly body: Body;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly audience: Audience;
};

/** Runs an agent, whole or streamed. Where nobody waits any more, its run is cancelled. */
async function runAgent<Body>(
  deps: HttpDeps,
  format: RunFormat<Body>,
  exchange: RunExchange<Body>,
) {
  const { body, request, reply, audience } = exchange;
  const caller = callerOf(request);
  const { turn, isStreamed, notSessions, ...begun } = await beginRun(deps, format, exchange);
  const run = audience.follow(begun.run);
  request.server.openRuns.add(run);
  const ignored = run.ignored.map((name) => format.fields[name] ?? name);
  const unheard = [...ignored, ...format.unknownFields(body), ...notSessions, ...audience.unheard];
  if (unheard.length > 0) reply.header('x-agent-ignored', unheard.join(', '));
  const { outlives = false, conversationId = null } = format.turn?.(body) ?? {};
  const hold = () => {
    const unread = deps.unread.hold({ agentId: run.agentId }, 'whole_answer');
    if (outlives) run.onEnd(unread.release);
    else audience.whenSent(unread.release);
    return unread;
  };
  const { presentation } = run;
  const keeping = createKeeping(turn, run.agentId);
  const { isKept, takesItems, onAnswer } = keeping;
  const { role } = caller;
  const kept = { isKept, takesItems, onAnswer };
  const userAgent = request.headers['user-agent'] ?? '';
  const of = { runId: run.id, waitingRunId: run.id, body, userAgent };
  const answered = { ...of, presentation, role, hold, ...kept };
  if (outlives && turn && format.background) {
    const { whole } = keeping;
    const told = format.background(answered);
    const { onQueued } = audience;
    const background = { run, turn, conversationId, isStreamed, format: told, whole, onQueued };
    return runInBackground(deps, { ...background, request, reply });
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
    onFault: (error) =>
      deps.emit({ type: 'request_failed', requestId: request.id, code: 'gateway_failed', error }),
  });
  return reply;
}

async function beginRun<Body>(
  deps: HttpDeps,
  format: RunFormat<Body>,
  { body, request, reply, audience }: RunExchange<Body>,
) {
  const caller = callerOf(request);
  const input = format.toRunInput(body, await referredTo(deps, format, { body, request }));
  const left = new AbortController();
  audience.whenGone(() => left.abort());
  const { signal } = left;
  let turn: OpenTurn | null = null;
  try {
    const { session, notSessions } = await sessionOf(deps, format, { input, request });
    const wanted = session ? turnOfSession(session) : format.turn?.(body);
    turn = wanted
      ? await deps.turns.open({ keyId: caller.keyId, wanted, items: input.items, signal })
      : null;
    const run = await deps.startRun(caller, turn ? inTurn(input, turn) : input, signal);
    const { id: runId, agentId, modulePath, generation } = run;
    request.begunRun = { runId, agentId, modulePath, generation };
    if (session && turn?.conversationId) reply.header('x-conversation-id', turn.conversationId);
    return { run, turn, isStreamed: input.streamed, notSessions };
  } catch (error) {
    await turn?.end();
    throw inFields(error, format.fields);
  }
}

/** The session that a request is a turn of; where its agent has none, what named one. */
async function sessionOf(
  { turns }: HttpDeps,
  { hasSessions }: Pick<RunFormat<unknown>, 'hasSessions'>,
  { input, request }: { readonly input: RunInput; readonly request: FastifyRequest },
): Promise<{ readonly session: SessionWanted | null; readonly notSessions: readonly string[] }> {
  const names = hasSessions ? sessionNames(request.raw, input) : [];
  if (names.length === 0) return { session: null, notSessions: [] };
  const agentId = await turns.sessionAgent({ caller: callerOf(request), input });
  if (agentId !== null) return { session: { agentId, ...sessionNamed(names) }, notSessions: [] };
  return { session: null, notSessions: [...new Set(names.map(({ field }) => field))] };
}

function turnOfSession(session: SessionWanted): TurnWanted {
  const none = { previousId: null, conversationId: null };
  return { ...none, session, keeps: false, outlives: false, leading: 0 };
}

async function referredTo<Body>(
  deps: HttpDeps,
  { references, fields }: RunFormat<Body>,
  { body, request }: Pick<RunExchange<Body>, 'body' | 'request'>,
) {
  const ids = references?.(body) ?? [];
  if (ids.length === 0) return new Map();
  try {
    return await deps.turns.kept.referred(callerOf(request).keyId, ids);
  } catch (error) {
    throw inFields(error, fields);
  }
}

function inTurn(input: RunInput, { items, boundTo, takesItems }: OpenTurn): RunInput {
  const told = takesItems ? { tellsItems: true as const } : {};
  return { ...input, items, ...(boundTo === null ? {} : { boundTo }), ...told };
}

/** Keeps the answer of a turn, once it is whole. */
function createKeeping(turn: OpenTurn | null, agentId: string) {
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

/** What is wrong with a part of the input, told of the field that it came from. */
function inFields(error: unknown, fields: RunFormat<unknown>['fields']): unknown {
  if (!(error instanceof GatewayError) || error.param === null) return error;
  return error.about(fields[error.param as InputField] ?? error.param);
}
