import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Contestant } from '../contest.ts';
import { startPair } from '../contestants.ts';
import { load, type Target } from '../load.ts';
import { memoryOf, treeCpuMs } from '../processes.ts';
import { quantile } from '../quantile.ts';
import { heldBytes } from '../security/profiled-process.ts';

/** How much later than the upstream sent it a word may be, for 99 of 100. */
const barMs = 50;

/** Streams that begin in a second: both servers can begin as many. */
const opensPerSecond = 100;

/** Words that each server passes on before it is measured. */
const warmWords = 100_000;

/** How long all of them are open and measured, and what their opening may take longer than planned. */
const openMs = 6000;
const slackMs = 5000;

type Figures = {
  /** Of each word, ms from the upstream to the caller. */
  readonly delaysMs: readonly number[];
  /** What a stream holds in the process that serves after a garbage collection, in kB. */
  readonly heldKb: number;
  /** Private memory that a stream takes in that process, with what V8 keeps for more, and in all below it, in kB. */
  readonly ownKb: number;
  readonly belowKb: number;
  /** CPU time of all of them. */
  readonly cpuUsPerWord: number;
};

/**
 * Streams that are open at the same time, each with a word every `paceMs`: how late the words are from when the last has
 * begun to when the first ends. Begins with the least of `counts`; who is over the bar is not asked for more.
 */
export async function measureStreams(options: {
  readonly counts: readonly number[];
  readonly paceMs: number;
}): Promise<string> {
  const counts = options.counts.toSorted((a, b) => a - b);
  const { contestants, close } = await startPair({
    paceMs: options.paceMs,
    deltas: 50,
    settings: `worker: { max_concurrent_runs: ${counts.at(-1)} }\n`,
    isAsked: true,
  });
  const rows: string[] = [];
  const most = new Map(contestants.map(({ name }) => [name, 0]));
  const over = new Set<string>();
  try {
    for (const { target } of contestants) {
      await load(target, { count: warmWords / 50, concurrency: 8, stream: true });
    }
    for (const count of counts) {
      if (over.size === contestants.length) break;
      const cells: string[] = [];
      for (const contestant of contestants) {
        if (over.has(contestant.name)) {
          cells.push('– | – | – | –');
          continue;
        }
        const figures = await measure(contestant, { count, paceMs: options.paceMs });
        const p99 = quantile(figures.delaysMs, 0.99);
        if (p99 > barMs) over.add(contestant.name);
        else most.set(contestant.name, count);
        cells.push(cellsOf(figures));
      }
      rows.push(`| ${count} | ${cells.join(' | ')} |`);
    }
  } finally {
    await close();
  }
  const kind = `streams of ${1000 / options.paceMs} words a second`;
  const heads = contestants.map(({ name }) =>
    ['p50 ms', 'p99 ms', 'CPU µs a word', 'kB a stream (held / private / below)']
      .map((head) => `${name} ${head}`)
      .join(' | '),
  );
  return [
    `| ${kind} | ${heads.join(' | ')} |`,
    `| --- ${'| --- '.repeat(8)}|`,
    ...rows,
    '',
    `| most of those tried with p99 ≤ ${barMs} ms | bare | gateway |`,
    '| --- | --- | --- |',
    `| ${kind} | ${[...most.values()].join(' | ')} |`,
  ].join('\n');
}

function cellsOf({ delaysMs, cpuUsPerWord, heldKb, ownKb, belowKb }: Figures): string {
  const memory = [heldKb, ownKb, belowKb].map((kb) => kb.toFixed(0)).join(' / ');
  const times = [quantile(delaysMs, 0.5), quantile(delaysMs, 0.99)];
  return [...times, cpuUsPerWord.toFixed(0), memory].join(' | ');
}

async function measure(
  { server, target }: Contestant,
  { count, paceMs }: { readonly count: number; readonly paceMs: number },
): Promise<Figures> {
  const longestMs = (count / opensPerSecond) * 1000 + openMs + slackMs;
  const words = Math.ceil(longestMs / paceMs);
  const heldBefore = await heldBytes(server);
  const before = memoryOf(server.pid);
  const dispatcher = new Agent({ connections: count, pipelining: 1 });
  const delaysMs: number[] = [];
  const allOpen = Promise.withResolvers<void>();
  let open = 0;
  let isTimed = true;
  let isOver = false;
  const streams = Array.from({ length: count }, async (_, index) => {
    await pause((index / opensPerSecond) * 1000);
    let isOpen = false;
    await readStream({ target, dispatcher, words }, (delayMs) => {
      if (open === count && isTimed) delaysMs.push(delayMs);
      if (isOpen) return;
      isOpen = true;
      open += 1;
      if (open === count) allOpen.resolve();
    });
    isOver = true;
  });
  const ended = Promise.all(streams);
  await Promise.race([allOpen.promise, ended]);
  const beforeCpuMs = treeCpuMs(server.pid);
  const beforeWords = delaysMs.length;
  await pause(openMs / 2);
  const during = memoryOf(server.pid);
  await pause(openMs / 2);
  const heard = delaysMs.length - beforeWords;
  const cpuUsPerWord = ((treeCpuMs(server.pid) - beforeCpuMs) * 1000) / heard;
  // To look at what is held stops the process.
  isTimed = false;
  const heldDuring = await heldBytes(server);
  if (isOver) throw new Error(`${count} streams did not stay open together.`);
  await ended;
  await dispatcher.close();
  const kb = (of: 'own' | 'below') => ((during[of] - before[of]) * 1024) / count;
  const heldKb = (heldDuring - heldBefore) / 1024 / count;
  return { delaysMs, heldKb, ownKb: kb('own'), belowKb: kb('below'), cpuUsPerWord };
}

/** Reads an answer to its end and tells of each word how late it is. */
async function readStream(
  asked: { readonly target: Target; readonly dispatcher: Agent; readonly words: number },
  onWord: (delayMs: number) => void,
): Promise<void> {
  const { target, dispatcher, words } = asked;
  const content = `What is the weather in Paris? Answer evenly. A text of ${words} words.`;
  const messages = [{ role: 'user', content }];
  const { statusCode, body } = await request(`${target.url}/v1/chat/completions`, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json', ...target.headers },
    body: JSON.stringify({ model: target.model, stream: true, messages }),
  });
  let isDone = false;
  let text = '';
  for await (const chunk of body.setEncoding('utf8')) {
    const nowMs = Date.now();
    text += chunk;
    const end = text.lastIndexOf('\n') + 1;
    for (const [, sentMs] of text.slice(0, end).matchAll(/"at(\d+) "/g)) {
      onWord(nowMs - Number(sentMs));
    }
    isDone ||= text.includes('[DONE]');
    text = text.slice(end);
  }
  if (statusCode !== 200 || !isDone) throw new Error(`Answered ${statusCode}: ${text}`);
}
