import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { isLastEvent } from '../../protocol/run.ts';
import type { Owner } from '../../protocol/state/owner.ts';
import type { Run } from '../../runs/run.ts';
import type { OpenTurn, TurnAnswer } from '../../runs/turns/turn-types.ts';
import type { BackgroundRun } from '../background-runs.ts';
import type { HttpDeps } from '../deps.ts';
import { createEventLog, type EventLog } from '../event-log.ts';
import { sendEventLog } from '../event-stream.ts';
import type { BackgroundFormat } from '../formats/run-format.ts';
import type { Audience } from '../idempotency/audience.ts';
import { requestFailed } from '../transport-errors.ts';

export const defaultKeepAliveMs = 15_000;

/** Pause before the store is given again what it did not take. */
const KEEP_AGAIN_MS = 1000;

/** A run that goes on without its caller. */
export type InBackground = {
  readonly run: Run;
  readonly turn: OpenTurn;
  readonly conversationId: string | null;
  /** The key that it is for. */
  readonly owner: Owner;
  readonly isStreamed: boolean;
  readonly format: BackgroundFormat;
  /** The whole answer, once there is one. */
  readonly whole: () => TurnAnswer | null;
  readonly server: Pick<FastifyInstance, 'backgroundRuns'>;
  readonly requestId: string;
};

/** Answers at once, or with the stream, and lets the run go on whoever leaves. */
export async function runInBackground(
  deps: HttpDeps,
  background: InBackground,
  { reply, audience }: { readonly reply: FastifyReply; readonly audience: Audience },
) {
  const { queued, log } = await keepInBackground(deps, background);
  const { format, isStreamed } = background;
  await audience.onQueued({ id: format.id, answer: queued, isStreamed });
  if (!log) return reply.type('application/json; charset=utf-8').send(queued);
  const keepAliveMs = deps.settings.keepAliveMs ?? defaultKeepAliveMs;
  void sendEventLog(reply, log, { from: 0, keepAliveMs });
  return reply;
}

/**
 * Keeps what comes of a run.
 *
 * @returns The answer as it is now, and its stream where it has one.
 */
export async function keepInBackground(
  deps: HttpDeps,
  background: InBackground,
): Promise<{ readonly queued: string; readonly log: EventLog | null }> {
  const { run, turn, conversationId, owner, isStreamed, format, server } = background;
  const { id } = format;
  const queued: TurnAnswer = { id, status: 'queued', output: [], answer: format.now() };
  try {
    await turn.outlive(queued, run.agentId);
  } catch (error) {
    run.cancel('it cannot be kept');
    await turn.end();
    throw error;
  }
  const unread = deps.unread.hold({ agentId: run.agentId }, 'run_events');
  const log = isStreamed ? createEventLog(unread) : null;
  log?.add(format.start());
  const { over, settled } = follow(deps, background, log);
  const { now } = format;
  server.backgroundRuns.add(id, {
    owner,
    conversationId,
    now,
    log,
    cancel: run.cancel,
    over,
    settled,
  });
  return { queued: queued.answer, log };
}

/** Takes what the run says, and keeps the answer when it is over. */
function follow(
  deps: HttpDeps,
  background: InBackground,
  log: EventLog | null,
): Pick<BackgroundRun, 'over' | 'settled'> {
  const { run, format } = background;
  const over = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  const take = (text: string) => {
    if (log && !log.add(text)) run.cancel(noRoom());
  };
  run.sendTo({
    write(event) {
      const isLast = isLastEvent(event);
      try {
        const text = format.encode(event);
        if (isLast) log?.addLast(text);
        else take(text);
      } catch (thrown) {
        run.cancel('its answer cannot be written');
        log?.addLast(format.fail(GatewayError.from(thrown)));
      }
      if (isLast) void keepAnswer(deps, { ...background, log }, over.resolve).then(settled.resolve);
      return null;
    },
  });
  return { over: over.promise, settled: settled.promise };
}

/** Whoever began it was told that it will be there: what the store does not take is given to it again. Never rejects. */
async function keepAnswer(
  { emit }: HttpDeps,
  background: InBackground & { readonly log: EventLog | null },
  onTried: () => void,
): Promise<void> {
  const { run, turn, whole, log, requestId } = background;
  const { closing } = background.server.backgroundRuns;
  const answer = whole();
  const told = log ? { events: log.all() } : {};
  let isTold = false;
  for (let isOpen = answer !== null; isOpen; ) {
    try {
      if (answer) await turn.keep({ ...answer, ...told }, run.agentId);
      isOpen = false;
    } catch (thrown) {
      if (!isTold) emit(requestFailed(requestId, thrown));
      isTold = true;
      isOpen = isStoreAway(thrown) && !closing.aborted;
    }
    // Its stream ends whether it is kept or not.
    log?.end();
    onTried();
    if (isOpen) await wait(KEEP_AGAIN_MS, undefined, { signal: closing }).catch(() => undefined);
  }
  log?.end();
  await turn.end();
  onTried();
}

function isStoreAway(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.code === 'store_unavailable';
}

function noRoom(): GatewayError {
  return new GatewayError(
    'overloaded',
    'The stream of this run leaves no room for the rest of it.',
  );
}
