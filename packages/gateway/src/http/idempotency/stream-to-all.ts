import { failures, GatewayError } from '../../errors.ts';
import { isLastEvent } from '../../protocol/run.ts';
import type { Run } from '../../runs/run.ts';
import type { HttpDeps } from '../deps.ts';
import { createEventLog, type EventLog } from '../event-log.ts';
import { type EventStreamOptions, isFault } from '../event-stream.ts';
import { type AnsweredFirst, keptReply } from './first-request.ts';
import { sendLog } from './send-again.ts';

/** Records what a run says from its first event on, and sends it to its caller and to all who ask the same meanwhile. */
export function streamToAll(
  deps: HttpDeps,
  first: AnsweredFirst,
  { run, options }: { readonly run: Run; readonly options: EventStreamOptions },
): void {
  const { request, reply, id, claim, flight, outcome } = first;
  const { format, onFault } = options;
  const log = createEventLog(deps.unread.hold({ agentId: run.agentId }, 'run_events'));
  log.add(format.start());
  const { headers } = keptReply(reply, { form: 'events', body: '' });
  flight.land({ type: 'stream', log, headers });
  request.server.flights.onceRead({ request, reply, id }, async () => {
    if (outcome.failure() === null) await claim.drop();
  });
  void sendLog(deps, reply, log);
  let isOver = false;
  const end = (text: string, failed?: GatewayError) => {
    isOver = true;
    void endStream(first, { log, options, text, failed });
  };
  run.sendTo({
    write(event) {
      if (isOver) return null;
      try {
        const text = format.encode(event);
        if (isLastEvent(event)) end(text);
        else if (text !== '' && !log.add(text)) run.cancel(noRoom());
      } catch (thrown) {
        if (isFault(thrown)) onFault(thrown);
        run.cancel('its answer cannot be written');
        const failure = GatewayError.from(thrown);
        end(format.fail(failure), failure);
      }
      return null;
    },
  });
}

type StreamEnd = {
  readonly log: EventLog;
  readonly options: EventStreamOptions;
  /** The last events. */
  readonly text: string;
  /** Set where the run cannot be told to its end. */
  readonly failed: GatewayError | undefined;
};

/** Tells the end, and keeps the stream for whoever did not get it whole. Never rejects. */
async function endStream(
  first: AnsweredFirst,
  { log, options, text, failed }: StreamEnd,
): Promise<void> {
  const { beforeEnd, format, onFault } = options;
  let failure = failed;
  let last = text;
  try {
    await beforeEnd?.();
  } catch (thrown) {
    if (isFault(thrown)) onFault(thrown);
    failure = GatewayError.from(thrown);
    last = format.fail(failure);
  }
  log.addLast(last);
  await first.settle(() => keepStream(first, { log, failure }));
  log.end();
}

function keepStream(
  { reply, claim, outcome }: AnsweredFirst,
  { log, failure }: { readonly log: EventLog; readonly failure: GatewayError | undefined },
): Promise<void> {
  const leftAlone = outcome.leftAlone();
  if (leftAlone && outcome.failure()) return claim.keep(leftAlone);
  const failed = failure
    ? { status: failures[failure.code].status, mayRetry: failure.mayRetry }
    : outcome.failure();
  if (failed && !outcome.isForGood(failed)) return claim.drop();
  const { status = 200 } = failed ?? {};
  return claim.keep(keptReply(reply, { form: 'events', body: log.all(), status }));
}

function noRoom(): GatewayError {
  return new GatewayError(
    'overloaded',
    'The stream of this run leaves no room for the rest of it. Send no Idempotency-Key to have no limit.',
  );
}
