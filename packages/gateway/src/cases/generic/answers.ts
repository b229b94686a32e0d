import type { Outcome } from './check-result.ts';
import {
  type Answered,
  askRoute,
  bodyOf,
  type Endpoint,
  failureIn,
  fieldOf,
  moreTime,
} from './endpoint.ts';
import { listOf, readChunks, type Streamed, wrongUsage } from './read-chunks.ts';

/** An agent that is asked, and what it said so far. */
export type Asked = Endpoints & {
  /** What it said when it was asked for a whole answer. */
  whole?: string;
  streamed?: Streamed;
  slowestMs: number;
};

type Endpoints = {
  readonly agentId: string;
  readonly endpoint: Endpoint;
  readonly message: string;
  /** How long one answer may take. */
  readonly maxMs: number;
  readonly signal: AbortSignal;
};

/** So much more than it may take an answer is waited for: a process may have to start, and what is late is told too. */
const WAIT_LONGER_MS = 60_000;

/** Asks for a whole answer. */
export async function answersWhole(asked: Asked): Promise<Outcome> {
  const answer = await ask(asked, {});
  // It had to wait for a process first.
  asked.slowestMs = 0;
  const failure = failureIn(answer);
  // Rules are none of its author's.
  if (typeof answer !== 'string' && answer.status === 403) return { skipped: failure ?? '' };
  if (failure !== null) return { failed: failure };
  const read = readWhole(bodyOf(answer));
  if ('failed' in read) return read;
  asked.whole = read.text;
  return null;
}

function readWhole(body: unknown): { readonly text: string } | { readonly failed: string } {
  const choices = listOf(fieldOf(body, 'choices'));
  const [choice] = choices;
  const text = fieldOf(fieldOf(choice, 'message'), 'content');
  if (choices.length !== 1 || typeof text !== 'string')
    return { failed: 'Its answer has no text.' };
  if (typeof fieldOf(choice, 'finish_reason') !== 'string') {
    return { failed: 'Its answer has no finish_reason.' };
  }
  const wrong = wrongUsage(fieldOf(body, 'usage'));
  return wrong === null ? { text } : { failed: wrong };
}

/** Asks for the answer as it comes. */
export async function streams(asked: Asked): Promise<Outcome> {
  const more = { stream: true, stream_options: { include_usage: true } };
  const answer = await ask(asked, more);
  const failure = failureIn(answer);
  if (failure !== null || typeof answer === 'string') return { failed: failure ?? '' };
  const read = readChunks(answer.text);
  if (typeof read === 'string') return { failed: read };
  asked.streamed = read;
  return null;
}

/** Compares both forms of the answer. One that is another each time is not compared. */
export async function sameText(asked: Asked): Promise<Outcome> {
  const { whole, streamed } = asked;
  if (whole === undefined || !streamed) return { skipped: 'It lacks one of the two answers.' };
  if (streamed.text === whole) return null;
  if (asksPerson(whole) && asksPerson(streamed.text)) {
    return {
      skipped:
        'It asks a person to approve a call, with a new code each time. A case can answer: `approvals`.',
    };
  }
  const again = readWhole(bodyOf(await ask(asked, {})));
  if (!('text' in again) || again.text !== whole) {
    return { skipped: 'Its answer is another each time.' };
  }
  return {
    failed: `Streamed, it says something else than whole: ${shown(streamed.text)} instead of ${shown(whole)}.`,
  };
}

/** Whether an answer asks for approval. */
function asksPerson(text: string): boolean {
  return /`approve [0-9A-Z]{4}-[0-9A-Z]{4}`/.test(text);
}

/** Whether each answer came in time. */
export function answersInTime({ slowestMs, maxMs }: Asked): Outcome {
  if (slowestMs <= maxMs) return null;
  const [took, most] = [slowestMs, maxMs].map((ms) => (ms / 1000).toFixed(1));
  return { failed: `Its slowest answer took ${took} s, and may take ${most} s. ${moreTime}` };
}

async function ask(asked: Asked, more: object): Promise<Answered | string> {
  const { endpoint, signal } = asked;
  const maxMs = asked.maxMs + WAIT_LONGER_MS;
  const startMs = performance.now();
  const body = { ...requestOf(asked), ...more };
  const answer = await askRoute('/v1/chat/completions', { ...endpoint, maxMs, signal }, body);
  asked.slowestMs = Math.max(asked.slowestMs, performance.now() - startMs);
  return answer;
}

/** What is sent to ask an agent something. */
export function requestOf({ agentId, message }: Pick<Asked, 'agentId' | 'message'>) {
  return { model: agentId, messages: [{ role: 'user', content: message }] };
}

function shown(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
