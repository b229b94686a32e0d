import type { HttpDeps } from '../deps.ts';
import { errorResponse } from '../error-response.ts';
import { asGatewayError, requestFailed } from '../transport-errors.ts';
import type { Audience } from './audience.ts';
import { type AnsweredFirst, type FirstRequest, keptReply } from './first-request.ts';
import { createRunOutcome } from './run-outcome.ts';
import { streamToAll } from './stream-to-all.ts';

/** Runs what a request asks for, and answers its caller. */
export type RunFor = (audience: Audience) => Promise<unknown>;

const json = 'application/json; charset=utf-8';

/**
 * Runs it and keeps what came of it for those who ask again.
 *
 * @throws What the run was refused with.
 */
export async function answerFirst(
  deps: HttpDeps,
  asked: FirstRequest,
  run: RunFor,
): Promise<unknown> {
  const { request, reply, claim, flight } = asked;
  flight.asksElsewhere(claim.isWanted);
  const sent: (() => void)[] = [];
  const outcome = createRunOutcome(flight.unwanted);
  const first: AnsweredFirst = { ...asked, outcome, settle: settleOf(deps, asked, sent) };
  let isHandedOver = false;
  try {
    const answer = await run({
      whenGone: (listener) => flight.unwanted.addEventListener('abort', listener, { once: true }),
      whenSent: (listener) => sent.push(listener),
      follow: outcome.follow,
      sendStream(begun, options) {
        isHandedOver = true;
        streamToAll(deps, first, { run: begun, options });
      },
      async onQueued({ id, answer: body, isStreamed }) {
        isHandedOver = true;
        await keep(isStreamed ? { form: 'background', body: id } : { form: 'json', body });
      },
      unheard: [],
    });
    if (isHandedOver) return answer;
    const body = JSON.stringify(answer);
    await keep({ form: 'json', body });
    // What the run held of it is given back; the text is counted as any other's.
    request.holdsAnswer = false;
    return reply.type(json).send(body);
  } catch (thrown) {
    if (!isHandedOver) await first.settle(() => keepFailure(deps, first, thrown));
    throw thrown;
  }

  async function keep(answer: Kept): Promise<void> {
    const kept = keptReply(reply, answer);
    flight.land({ type: 'reply', reply: kept });
    await first.settle(() => claim.keep(kept));
  }
}

type Kept = Parameters<typeof keptReply>[1];

function settleOf(
  { emit }: HttpDeps,
  { request, claim, flight }: FirstRequest,
  sent: readonly (() => void)[],
): AnsweredFirst['settle'] {
  return async (work) => {
    try {
      await work();
    } catch (error) {
      emit(requestFailed(request.id, error));
    }
    claim.end();
    flight.end();
    for (const listener of sent) listener();
  };
}

/** Keeps a failure after which nothing may be run again; after any other, a repeat is a first request. */
function keepFailure(
  deps: HttpDeps,
  { request, claim, outcome }: AnsweredFirst,
  thrown: unknown,
): Promise<void> {
  const error = asGatewayError(thrown, deps.settings.bodyLimitBytes);
  const leftAlone = outcome.leftAlone();
  if (leftAlone) return claim.keep(leftAlone);
  if (!outcome.isForGood(error)) return claim.drop();
  const { status, headers, body } = errorResponse(error, request.caller?.role ?? null);
  const { 'content-type': _, ...others } = headers;
  return claim.keep({ form: 'json', status, headers: others, body: JSON.stringify(body) });
}
