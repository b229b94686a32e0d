import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Contestant } from '../contest.ts';
import { startPair } from '../contestants.ts';
import { load, type Target } from '../load.ts';
import { memoryOf, treeCpuMs } from '../processes.ts';
import { heldBytes } from '../security/profiled-process.ts';

/** Streams that may be on their way to their first word: the next one begins when one of them has said it. */
const openingAtOnce = 32;

/** Of an answer: the first, and what comes when it goes on. */
const words = 5;

/** More than every process has open besides. */
const otherFiles = 500;

/** What one server did with its streams. */
type Held = {
  readonly endedWell: number;
  readonly firstFailure: string | null;
  readonly openedSeconds: number;
  /** CPU of all its processes while nothing was said, in percent of a core. */
  readonly cpuPercent: number;
  /** Memory of a stream in kB: private in the process that serves, held there after a collection, and in all below it. */
  readonly ownKb: number;
  readonly heldKb: number;
  readonly belowKb: number;
  /** From the release to the end of the last one. */
  readonly endMs: number;
};

/**
 * Opens many streams at both servers, lets all of them say nothing for so many seconds at the same time, and then has the
 * upstream go on: each has to end well.
 *
 * @throws Error that says how many open files a process needs, where it may not have as many.
 */
export async function measureQuiet(options: {
  readonly count: number;
  readonly seconds: number;
}): Promise<string> {
  const { count, seconds } = options;
  // The client and the upstream have a connection for each stream of both servers, a server two for each of its own.
  needFiles(2 * count + otherFiles);
  const { contestants, close, upstream } = await startPair({
    deltas: 50,
    settings: `worker: { max_concurrent_runs: ${count}, memory_limit_mb: 4096 }\n`,
    isAsked: true,
  });
  try {
    for (const { target } of contestants) {
      await load(target, { count: 1000, concurrency: 8, stream: true });
    }
    const holding: Holding[] = [];
    for (const contestant of contestants) holding.push(await open(contestant, count));
    await pause(2000);
    const beforeMs = contestants.map(({ server }) => treeCpuMs(server.pid));
    await pause(seconds * 1000);
    const cpuPercent = contestants.map(
      ({ server }, at) => (treeCpuMs(server.pid) - (beforeMs[at] ?? 0)) / (seconds * 10),
    );
    const weighed: Weighed[] = [];
    for (const [at, { server }] of contestants.entries()) {
      weighed.push(await weigh(server, holding[at]));
    }
    const releasedMs = performance.now();
    await (await request(`http://127.0.0.1:${upstream.firstLine}/release`)).body.dump();
    const ended = await Promise.all(holding.map(({ end }) => end(releasedMs)));
    return table(
      options,
      ended.map((each, at) => ({
        ...each,
        cpuPercent: cpuPercent[at] ?? 0,
        ...(weighed[at] ?? { ownKb: 0, heldKb: 0, belowKb: 0 }),
      })),
    );
  } finally {
    await close();
  }
}

function needFiles(needed: number): void {
  const text = readFileSync('/proc/self/limits', 'utf8');
  const [, , hard = '0'] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(text) ?? [];
  if (text.includes('Max open files            unlimited') || Number(hard) >= needed) return;
  throw new Error(
    `A process may have ${hard} open files here, and this needs ${needed}: raise it with "ulimit -Hn ${needed}", or set QUIET to fewer streams.`,
  );
}

type Ended = Pick<Held, 'endedWell' | 'firstFailure' | 'openedSeconds' | 'endMs'>;
type Weighed = Pick<Held, 'ownKb' | 'heldKb' | 'belowKb'>;
type Before = { readonly own: number; readonly below: number; readonly held: number };

/** Streams of one server, all of which have said their first word. */
type Holding = {
  readonly count: number;
  readonly before: Before;
  /** Waits for all of them to end; `releasedMs` is when they were told to go on. */
  readonly end: (releasedMs: number) => Promise<Ended>;
};

async function open({ server, target }: Contestant, count: number): Promise<Holding> {
  // What is held first: to look at it collects the garbage.
  const held = await heldBytes(server);
  const before = { ...memoryOf(server.pid), held };
  const dispatcher = new Agent({ connections: count, pipelining: 1 });
  const startedMs = performance.now();
  let endedWell = 0;
  let firstFailure: string | null = null;
  const streams: Promise<void>[] = [];
  const openNext = async () => {
    while (streams.length < count) {
      const isOpen = Promise.withResolvers<void>();
      const stream = readStream(target, dispatcher, isOpen.resolve).then(
        () => {
          endedWell += 1;
        },
        (error: unknown) => {
          firstFailure ??= String(error);
          // Those that fail are told in the table; the others are not to wait for them.
          isOpen.resolve();
        },
      );
      streams.push(stream);
      await isOpen.promise;
    }
  };
  await Promise.all(Array.from({ length: openingAtOnce }, openNext));
  const openedSeconds = (performance.now() - startedMs) / 1000;
  return {
    count,
    before,
    async end(releasedMs) {
      await Promise.all(streams);
      const endMs = performance.now() - releasedMs;
      await dispatcher.close();
      return { endedWell, firstFailure, openedSeconds, endMs };
    },
  };
}

async function readStream(target: Target, dispatcher: Agent, onWord: () => void): Promise<void> {
  const content = `What is the weather in Paris? Answer quietly. A text of ${words} words.`;
  const { statusCode, body } = await request(`${target.url}/v1/chat/completions`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json', ...target.headers },
    body: JSON.stringify({
      model: target.model,
      stream: true,
      messages: [{ role: 'user', content }],
    }),
  });
  let text = '';
  for await (const chunk of body.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('word0')) onWord();
  }
  const isWhole = text.includes(`word${words - 1} `) && text.includes('[DONE]');
  if (statusCode !== 200 || !isWhole || text.includes('"error"')) {
    throw new Error(`Answered ${statusCode}: ${text.slice(0, 300)}`);
  }
}

async function weigh(server: Contestant['server'], holding: Holding | undefined): Promise<Weighed> {
  if (!holding) throw new Error('There are no streams.');
  const { before, count } = holding;
  const held = await heldBytes(server);
  const now = memoryOf(server.pid);
  const kb = (of: 'own' | 'below') => ((now[of] - before[of]) * 1024) / count;
  return { ownKb: kb('own'), belowKb: kb('below'), heldKb: (held - before.held) / 1024 / count };
}

function table(
  { count, seconds }: { readonly count: number; readonly seconds: number },
  held: readonly Held[],
): string {
  const row = (name: string, of: (one: Held) => string) =>
    `| ${[name, ...held.map(of)].join(' | ')} |`;
  const failure = held.find(({ firstFailure }) => firstFailure)?.firstFailure;
  return [
    `| quiet streams: ${count} at each server, all open for ${seconds} s | bare | gateway |`,
    '| --- | --- | --- |',
    row('ended well', ({ endedWell }) => String(endedWell)),
    row('s to open them', ({ openedSeconds }) => openedSeconds.toFixed(1)),
    row('CPU while quiet, % of a core', ({ cpuPercent }) => cpuPercent.toFixed(2)),
    row('kB a stream held in the server after a collection', ({ heldKb }) => heldKb.toFixed(1)),
    row('kB a stream of private memory in the server', ({ ownKb }) => ownKb.toFixed(1)),
    row('kB a stream of private memory below it', ({ belowKb }) => belowKb.toFixed(1)),
    row('ms from the next word to the end of all', ({ endMs }) => endMs.toFixed(0)),
    ...(failure ? ['', `The first failure: ${failure}`] : []),
  ].join('\n');
}
