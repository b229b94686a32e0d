import type { ModelAccess } from '../../protocol/pool.ts';
import { failureHeader } from '../../protocol/worker/broker-headers.ts';
import type { ModelData } from '../../protocol/worker/messages.ts';

/** What an upstream answered, or the gateway in its place. */
export type WholeAnswer = {
  readonly status: number;
  /** Of a failure of the gateway's own. */
  readonly code: string | null;
  /** Null where it broke off, or was too long. */
  readonly text: string | null;
};

/** The whole of what is asked so is a line or two. */
const MOST_BYTES = 1024 * 1024;

const callId = 'own';

/** Asks an upstream as a worker does, and waits for the whole answer. `answer` never rejects; once aborted it may not come. */
export function askWhole(
  access: Pick<ModelAccess, 'answerOver'>,
  { runId, path, body }: { readonly runId: string; readonly path: string; readonly body: object },
): { readonly answer: Promise<WholeAnswer>; readonly abort: () => void } {
  const whole = Promise.withResolvers<WholeAnswer>();
  const answer = gather(whole.resolve);
  const take = access.answerOver({
    send(part, bytes) {
      answer.add(part, bytes);
      if (bytes) take({ type: 'model_ack', callId, taken: bytes.length }, null);
    },
    isBehind: () => false,
    waitingBytes: () => 0,
    onceTaken: queueMicrotask,
  });
  const headers = { 'content-type': 'application/json' };
  const call = { type: 'model_call', callId, runId, method: 'POST', path, headers } as const;
  take(call, Buffer.from(JSON.stringify(body)));
  return { answer: whole.promise, abort: () => take({ type: 'model_abort', callId }, null) };
}

/** Puts an answer together; what it becomes is told once. */
function gather(onWhole: (answer: WholeAnswer) => void) {
  let status = 0;
  let code: string | null = null;
  let bytes = 0;
  const pieces: Uint8Array[] = [];
  return {
    add(part: ModelData, piece?: Uint8Array) {
      status = part.status ?? status;
      const named = part.headers?.[failureHeader];
      if (typeof named === 'string') code = named;
      bytes += piece?.length ?? 0;
      if (piece && bytes <= MOST_BYTES) pieces.push(piece);
      if (!part.end && !part.cut) return;
      const isWhole = part.end === true && bytes <= MOST_BYTES;
      const text = isWhole ? Buffer.concat(pieces).toString() : null;
      // What it took is booked once its last byte is here.
      setImmediate(() => onWhole({ status, code, text }));
    },
  };
}
