import { GatewayError } from '../errors.ts';
import type { Unread } from '../protocol/unread-room.ts';
import type { WorkerQuestion } from '../protocol/worker/messages.ts';

/** What one holds beside what it says: promises, signals, its place in a line. */
const QUESTION_BYTES = 4096;

/** Arguments are there as they came, as JSON, and as what was checked, in characters of up to two bytes. */
const BYTES_OF_CHARACTER = 4;

/**
 * Counts a question until it is answered.
 *
 * @throws GatewayError `overloaded` where its worker has so many that there is no room for it, `invalid_request` where it is
 *   nested too deeply to be read on.
 */
export function holdQuestion(unread: Unread, question: WorkerQuestion): void {
  if (unread.set(QUESTION_BYTES + lengthOf(question) * BYTES_OF_CHARACTER)) return;
  unread.refused();
  throw new GatewayError(
    'overloaded',
    'The agent has so many calls open that no more can wait. Call again when others have ended.',
  );
}

function lengthOf(question: WorkerQuestion): number {
  try {
    return JSON.stringify(question).length;
  } catch {
    throw new GatewayError('invalid_request', 'The arguments are nested too deeply.');
  }
}
