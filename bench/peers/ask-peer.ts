import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Running } from './start-peer.ts';
import type { Exchange, Kind } from './wires.ts';

/** What one run answered, how long it took in ms, and how long its first text where it was streamed. */
export type Answer = {
  readonly totalMs: number;
  readonly firstTextMs: number | null;
  readonly text: string;
};

/** Requests of one kind, so many at a time. */
export type Shape = { readonly kind: Kind; readonly concurrency: number };

/** What many runs gave; times in ms, ascending. */
export type Sample = {
  readonly latenciesMs: readonly number[];
  readonly firstTextMs: readonly number[];
  readonly seconds: number;
  readonly errors: number;
  readonly firstError: string | null;
};

const longestAnswerMs = 30_000;
/** Of what is streamed. */
export const deltas = 50;
const lastWord = /word49(?!\d)/;
/** After so many that failed it is no use to go on. */
const mostErrors = 50;
let runs = 0;

/**
 * Runs an agent once.
 *
 * @throws Error where the answer says that it failed, or lacks a word.
 */
async function askPeer(running: Running, kind: Kind, dispatcher: Agent): Promise<Answer> {
  runs += 1;
  const startedMs = performance.now();
  let firstTextMs: number | null = null;
  let text = '';
  let status = 0;
  for (const exchange of running.wire(kind, `run-${process.pid}-${runs}`)) {
    const answer = await send(running, exchange, { before: text, dispatcher });
    text = '';
    status = answer.statusCode;
    for await (const chunk of answer.body.setEncoding('utf8')) {
      text += chunk;
      if (firstTextMs === null && text.includes('word0')) {
        firstTextMs = performance.now() - startedMs;
      }
      if (exchange.until !== undefined && text.includes(exchange.until)) break;
    }
    if (!isFine(status)) break;
  }
  if (!isFine(status) || !lastWord.test(text)) {
    throw new Error(`Answered ${status}: ${text.slice(0, 300)}`);
  }
  const totalMs = performance.now() - startedMs;
  return { totalMs, firstTextMs: kind === 'whole' ? null : firstTextMs, text };
}

function send(
  { url }: Running,
  { method, path, portAfter = 0, headers, body }: Exchange,
  { before, dispatcher }: { readonly before: string; readonly dispatcher: Agent },
) {
  const target = new URL(
    path.replace('{session}', () => sessionIn(before)),
    url,
  );
  target.port = String(Number(target.port) + portAfter);
  return request(target, {
    method: method ?? 'POST',
    dispatcher,
    body: body ?? null,
    headers: { ...headers },
  });
}

function sessionIn(text: string): string {
  return (JSON.parse(text) as { sessionId: string }).sessionId;
}

function isFine(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Asks again and again, so many at a time, until the time or the number is over. */
export async function askFor(
  running: Running,
  { kind, concurrency }: Shape,
  limit: { readonly seconds: number; readonly runs?: number },
): Promise<Sample> {
  const dispatcher = connections(concurrency);
  const answers: Omit<Answer, 'text'>[] = [];
  let errors = 0;
  let firstError: string | null = null;
  const startedMs = performance.now();
  const isOver = () =>
    performance.now() - startedMs > limit.seconds * 1000 ||
    answers.length >= (limit.runs ?? Number.POSITIVE_INFINITY) ||
    errors > mostErrors;
  const client = async () => {
    while (!isOver()) {
      try {
        const { totalMs, firstTextMs } = await askPeer(running, kind, dispatcher);
        answers.push({ totalMs, firstTextMs });
      } catch (error) {
        errors += 1;
        firstError ??= String(error);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  const seconds = (performance.now() - startedMs) / 1000;
  await dispatcher.close();
  const ascending = (values: number[]) => values.sort((a, b) => a - b);
  return {
    latenciesMs: ascending(answers.map(({ totalMs }) => totalMs)),
    firstTextMs: ascending(answers.flatMap(({ firstTextMs }) => firstTextMs ?? [])),
    seconds,
    errors,
    firstError,
  };
}

/** How many events with words of the text a streamed answer had: a peer may join deltas that come together. */
export type Events = { readonly together: number; readonly paced: number };

/**
 * Waits until a peer has answered all kinds, and checks with the upstream's counts that it did the work.
 *
 * @throws Error where it does not answer in time, or answers without having called its tool.
 */
export async function untilReady(
  running: Running,
  upstreamUrl: string,
  withinMs: number,
): Promise<Events> {
  const dispatcher = connections(1);
  const beganMs = performance.now();
  for (;;) {
    try {
      await askPeer(running, 'whole', dispatcher);
      break;
    } catch (error) {
      if (performance.now() - beganMs > withinMs) {
        throw new Error(`It did not answer: ${error} ${running.lastWords()}`.trim());
      }
      await wait(200);
    }
  }
  const streamed = await askPeer(running, 'streamed', dispatcher);
  const paced = await askPeer(running, 'paced', dispatcher);
  const before = await statsOf(upstreamUrl);
  await askPeer(running, 'whole', dispatcher);
  const after = await statsOf(upstreamUrl);
  await dispatcher.close();
  const did = [
    after.calls - before.calls,
    after.results - before.results,
    after.texts - before.texts,
  ];
  const expected = running.peer.isModelProxy ? '0,0,1' : '1,1,1';
  if (did.join() !== expected) {
    throw new Error(
      `A run made ${did.join()} calls of the tool, results of it and texts, not ${expected}.`,
    );
  }
  return { together: eventsWithText(streamed), paced: eventsWithText(paced) };
}

function eventsWithText({ text }: Answer): number {
  return text.split('\n').filter((line) => /^(data:|\{).*word\d/.test(line)).length;
}

type Stats = { readonly calls: number; readonly results: number; readonly texts: number };

async function statsOf(upstreamUrl: string): Promise<Stats> {
  const { body } = await request(`${upstreamUrl}/stats`);
  return (await body.json()) as Stats;
}

function connections(count: number): Agent {
  return new Agent({
    connections: count,
    pipelining: 1,
    headersTimeout: longestAnswerMs,
    bodyTimeout: longestAnswerMs,
  });
}
