import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Contestant } from '../contest.ts';
import { startPair } from '../contestants.ts';
import { load, type Target } from '../load.ts';
import { privateMb, tree, treeCpuMs } from '../processes.ts';
import { quantile } from '../quantile.ts';
import { heldBytes } from '../security/profiled-process.ts';

/** How much later than the upstream sent it a word may be, for 99 of 100. */
const barMs = 50;

/** Streams that begin in a second: both servers can begin as many. */
const opensPerSecond = 100;

/** Words that each server passes on before it is measured. */
const warmWords = 100_000;

/** How long all of them are open at least. */
const openMs = 8000;

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
 * begun to when the first ends. Begins with the least of `counts` and ends where both servers are over the bar.
 */
export async function measureStreams(options: {
  readonly counts: readonly number[];
  readonly paceMs: number;
}): Promise<string> {
  const most = Math.max(...options.counts);
  const longestMs = (most / opensPerSecond) * 1000 + 2 * openMs;
  const deltas = Math.ceil(longestMs / options.paceMs);
  const { contestants, close } = await startPair({
    paceMs: options.paceMs,
    deltas,
    settings: `worker: { max_concurrent_runs: ${most} }\n`,
    isAsked: true,
  });
  const rows: string[] = [];
  try {
    for (const { target } of contestants) {
      await load(target, { count: Math.ceil(warmWords / deltas), concurrency: 8, stream: true });
    }
    const over = new Set<string>();
    for (const count of options.counts) {
      if (over.size === contestants.length) break;
      const cells: string[] = [];
      for (const contestant of contestants) {
        const figures = await measure(contestant, count);
        const p99 = quantile(figures.delaysMs, 0.99);
        if (p99 > barMs) over.add(contestant.name);
        const { heldKb, ownKb, belowKb } = figures;
        const memory = [heldKb, ownKb, belowKb].map((kb) => kb.toFixed(0)).join(' / ');
        const cpu = figures.cpuUsPerWord.toFixed(0);
        cells.push(`${quantile(figures.delaysMs, 0.5)} | ${p99} | ${cpu} | ${memory}`);
      }
      rows.push(`| ${count} | ${cells.join(' | ')} |`);
    }
  } finally {
    await close();
  }
  const perSecond = 1000 / options.paceMs;
  return [
    `| streams of ${perSecond} words a second | bare: p50 ms | p99 ms | CPU µs a word | kB a stream | gateway: p50 ms | p99 ms | CPU µs a word | kB a stream (held / private / worker) |`,
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

async function measure({ server, target }: Contestant, count: number): Promise<Figures> {
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
    await readStream(target, dispatcher, (delayMs) => {
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
  const words = delaysMs.length - beforeWords;
  const cpuUsPerWord = ((treeCpuMs(server.pid) - beforeCpuMs) * 1000) / words;
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

function memoryOf(pid: number): { readonly own: number; readonly below: number } {
  const [own = pid, ...below] = tree(pid);
  return { own: privateMb(own), below: below.reduce((sum, each) => sum + privateMb(each), 0) };
}

/** Reads an answer to its end and tells of each word how late it is. */
async function readStream(
  target: Target,
  dispatcher: Agent,
  onWord: (delayMs: number) => void,
): Promise<void> {
  const messages = [{ role: 'user', content: 'What is the weather in Paris? Answer evenly.' }];
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
