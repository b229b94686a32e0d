import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { RunInput } from '../../protocol/run.ts';
import { ownerOf } from '../../protocol/state/owner.ts';
import type { Run } from '../../runs/run.ts';
import type { OpenTurn, SessionWanted, TurnWanted } from '../../runs/turns/turn-types.ts';
import type { HttpDeps } from '../deps.ts';
import type { InputField, RunFormat } from '../formats/run-format.ts';
import type { Audience } from '../idempotency/audience.ts';
import { inputFor } from '../intake/name-user.ts';
import { sessionNamed, sessionNames } from '../intake/session-asked.ts';
import { callerOf } from '../route.ts';
import { type Brought, broughtIn } from './brought.ts';
import { findAsked, keptResponse, responseIdOf, wantedBehind } from './find-asked.ts';
import { type GoneOn, goOn } from './go-on.ts';
import { withKnownNames, withNames } from './late-results.ts';
import { placeOf } from './place.ts';

export type RunExchange<Body> = {
  readonly body: Body;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly audience: Audience;
};

/** What a request asked for, once it goes on. */
export type BegunRun<Body> = {
  readonly run: Run;
  /** The run that waits, where this one is interrupted. */
  readonly waitingRunId: string;
  /** Whether it is an answer of the gateway itself. */
  readonly isTold: boolean;
  readonly turn: OpenTurn | null;
  readonly isStreamed: boolean;
  /** What of the request named a session that its agent has none of. */
  readonly notSessions: readonly string[];
  /** The request, with what it follows. */
  readonly body: Body;
};

/**
 * Begins the run that a request asks for, or goes on with the one that it answers.
 *
 * @throws GatewayError, told of the fields of the format.
 */
export async function beginAsked<Body>(
  deps: HttpDeps,
  format: RunFormat<Body>,
  exchange: RunExchange<Body>,
): Promise<BegunRun<Body>> {
  try {
    return await begin(deps, format, exchange);
  } catch (error) {
    throw inFields(error, format.fields);
  }
}

async function begin<Body>(
  deps: HttpDeps,
  format: RunFormat<Body>,
  { body: sent, request, reply, audience }: RunExchange<Body>,
): Promise<BegunRun<Body>> {
  const caller = callerOf(request);
  const asked = format.toRunInput(sent, await referredTo(deps, format, sent, caller));
  const input = inputFor(caller, asked);
  const left = new AbortController();
  audience.whenGone(() => left.abort());
  const { signal } = left;
  const { session, notSessions } = await sessionOf(deps, format, { input, request });
  const brought = broughtIn(input.items);
  const asking = session ? turnOfSession(session) : format.turn?.(sent);
  const behind = await behindInterrupted(deps, { asked: asking, brought, input, caller });
  const body = behind.follows ? (format.following?.(sent, behind.follows) ?? sent) : sent;
  const { wanted } = behind;
  const turn = wanted
    ? await deps.turns.open({ owner: ownerOf(caller), wanted, items: input.items, signal })
    : null;
  try {
    const going = { caller, input: inTurn(input, turn), turn, signal };
    const begun = await goOnOrStart(deps, brought, going);
    const { run, isTold } = begun;
    const follows =
      turn && wanted
        ? await orCancel(run, keptBehind(deps, { begun, turn, wanted, caller }))
        : null;
    if (!isTold) {
      const { id: runId, agentId, modulePath, generation } = run;
      request.begunRun = { runId, agentId, modulePath, generation };
    }
    if (session && turn?.conversationId) reply.header('x-conversation-id', turn.conversationId);
    const following = follows === null ? body : (format.following?.(body, follows) ?? body);
    const waitingRunId = isTold ? (begun.interrupted ?? run.id) : run.id;
    const { streamed: isStreamed } = input;
    return { run, waitingRunId, isTold, turn, isStreamed, notSessions, body: following };
  } catch (error) {
    await turn?.end();
    throw error;
  }
}

type Going = Parameters<typeof goOn>[2];

/** What waits goes on where something is brought for it; else a run begins, and nothing waits in its conversation. */
async function goOnOrStart(deps: HttpDeps, brought: Brought | null, going: Going): Promise<GoneOn> {
  const gone = brought && (await goOn(deps.approvals, brought, going));
  if (gone) return gone;
  const { caller, turn, signal } = going;
  const input = { ...going.input, items: withNames(going.input.items) };
  const run = await deps.startRun(caller, input, signal);
  if (turn?.conversationId) {
    await orCancel(run, deps.approvals.withdraw(caller.keyId, turn.conversationId));
  }
  return { run, isTold: false, interrupted: null, input: null };
}

/** What has to go well for a run that has begun: where it does not, nobody is left to read the run. */
async function orCancel<T>(run: Run, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    run.cancel('its turn could not be taken');
    throw error;
  }
}

type Asked = {
  readonly asked: TurnWanted | undefined;
  readonly brought: Brought | null;
  readonly input: RunInput;
  readonly caller: Caller;
};

/** The turn that is wanted: for answers by id, behind the one that was interrupted. */
async function behindInterrupted(
  deps: HttpDeps,
  { asked, brought, input, caller }: Asked,
): Promise<{ readonly wanted: TurnWanted | undefined; readonly follows: string | null }> {
  if (brought?.type !== 'answers' || !asked) return { wanted: asked, follows: null };
  const ids = brought.answers.map(({ approvalId }) => approvalId);
  const runId = await findAsked(deps.approvals, { caller, modelId: input.modelId, ids });
  const id = responseIdOf(runId);
  const wanted = wantedBehind(asked, id, await keptResponse(deps.turns.kept, ownerOf(caller), id));
  return { wanted, follows: wanted.previousId };
}

type Kept = {
  readonly begun: GoneOn;
  readonly turn: OpenTurn;
  readonly wanted: TurnWanted;
  readonly caller: Caller;
};

/** Has a turn kept as one that goes on with another. @returns The id of the response that it follows without naming it. */
async function keptBehind(
  deps: HttpDeps,
  { begun, turn, wanted, caller }: Kept,
): Promise<string | null> {
  const { input, interrupted } = begun;
  if (input === null) return null;
  const namesNone = wanted.previousId === null && wanted.conversationId === null && !wanted.session;
  const id = interrupted === null ? null : responseIdOf(interrupted);
  const before =
    namesNone && id !== null ? await keptResponse(deps.turns.kept, ownerOf(caller), id) : null;
  const previousId = before?.id ?? null;
  turn.instead({ input: withKnownNames(input, turn.items), previousId });
  return previousId;
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
  { references }: RunFormat<Body>,
  body: Body,
  caller: Caller,
) {
  const ids = references?.(body) ?? [];
  return ids.length === 0 ? new Map() : deps.turns.kept.referred(ownerOf(caller), ids);
}

/** The input with what came before it. */
function inTurn(input: RunInput, turn: OpenTurn | null): RunInput {
  const items = turn?.items ?? input.items;
  const place = placeOf({ items, turn });
  if (!turn) return { ...input, place };
  const { boundTo, takesItems } = turn;
  const told = takesItems ? { tellsItems: true as const } : {};
  return { ...input, items, place, ...(boundTo === null ? {} : { boundTo }), ...told };
}

/** What is wrong with a part of the input, told of the field that it came from. */
function inFields(error: unknown, fields: RunFormat<unknown>['fields']): unknown {
  if (!(error instanceof GatewayError) || error.param === null) return error;
  return error.about(fields[error.param as InputField] ?? error.param);
}
