/**
 * Measures the console in a real browser; prints Markdown. `node bench/console/measure-console.ts [paint] [heap] [open]`:
 * first paint and what is loaded for it; the page's memory after many events; what open consoles cost the gateway.
 * `EVENTS`, `CONSOLES` and `SECONDS` set how many and how long. Linux, `/proc`.
 */
import { setTimeout } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { load } from '../load.ts';
import { treeCpuMs } from '../processes.ts';
import { quantile } from '../quantile.ts';
import { runParts } from '../run-parts.ts';
import { startEventRelay } from './event-relay.ts';
import { type ServedConsole, serveConsole } from './served-console.ts';

const events = Number(process.env.EVENTS ?? 100_000);
const consoles = Number(process.env.CONSOLES ?? 10);
const seconds = Number(process.env.SECONDS ?? 20);
const visits = 5;

await runParts({
  paint: () => withConsole(measurePaint),
  heap: () => withConsole(measureHeap),
  open: () => withConsole(measureOpen),
});

async function withConsole(measure: (served: ServedConsole) => Promise<string>): Promise<string> {
  const served = await serveConsole();
  try {
    return await measure(served);
  } finally {
    await served.close();
  }
}

type Painted = {
  readonly paintMs: number;
  readonly scriptBytes: number;
  readonly styleBytes: number;
};

/** Of visits with an empty cache, up to the login. */
async function measurePaint({ gateway, browser }: ServedConsole): Promise<string> {
  const painted: Painted[] = [];
  for (let visit = 0; visit < visits; visit += 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${gateway.target.url}/console`);
    await page.getByLabel('API key').waitFor();
    await page.waitForFunction(hasPainted);
    painted.push(await page.evaluate(readPaint));
    await context.close();
  }
  const { scriptBytes = 0, styleBytes = 0 } = painted[0] ?? {};
  const times = painted.map(({ paintMs }) => paintMs).sort((a, b) => a - b);
  return [
    '| first paint, median of visits | most | script | style |',
    '| --- | --- | --- | --- |',
    `| ${quantile(times, 0.5).toFixed(0)} ms | ${quantile(times, 1).toFixed(0)} ms | ${kb(scriptBytes)} | ${kb(styleBytes)} |`,
  ].join('\n');
}

function hasPainted(): boolean {
  return performance.getEntriesByName('first-contentful-paint').length > 0;
}

/** What a browser says of a file that a page loaded. */
type Loaded = { readonly name: string; readonly encodedBodySize: number };

function readPaint(): Painted {
  const entries = performance.getEntriesByType('resource') as unknown as readonly Loaded[];
  const sizeOf = (ending: string) =>
    entries
      .filter(({ name }) => name.endsWith(ending))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  return { paintMs: paint?.startTime ?? 0, scriptBytes: sizeOf('.js'), styleBytes: sizeOf('.css') };
}

/** Of a page of runs that hears of that many, through a relay that tells them as fast as the page reads. */
async function measureHeap(served: ServedConsole): Promise<string> {
  const relay = await startEventRelay(served.gateway.target.url);
  try {
    const { page } = await served.open('/runs', relay.url);
    await page.waitForTimeout(2000);
    const before = await heapMb(page);
    await relay.tell(events);
    await setTimeout(3000);
    const after = await heapMb(page);
    return [
      '| events | heap before | after | more |',
      '| --- | --- | --- | --- |',
      `| ${events} | ${before.toFixed(1)} MB | ${after.toFixed(1)} MB | ${(after - before).toFixed(1)} MB |`,
    ].join('\n');
  } finally {
    await relay.close();
  }
}

async function heapMb(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  for (let times = 0; times < 3; times += 1) await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize / 1e6;
}

/** CPU of the gateway with that many consoles and without, once idle and once while agents run. */
async function measureOpen(served: ServedConsole): Promise<string> {
  const { pid } = served.gateway.server;
  const measure = async (isBusy: boolean) => {
    const before = treeCpuMs(pid);
    const startedMs = performance.now();
    if (isBusy) await pacedRuns(served);
    else await setTimeout(seconds * 1000);
    return ((treeCpuMs(pid) - before) / (performance.now() - startedMs)) * 100;
  };
  await pacedRuns(served);
  const [idle, busy] = [await measure(false), await measure(true)];
  for (let index = 0; index < consoles; index += 1) {
    await served.open(index % 2 === 0 ? '/agents' : '/runs');
  }
  await setTimeout(2000);
  const [idleOpen, busyOpen] = [await measure(false), await measure(true)];
  const row = (name: string, without: number, open: number) =>
    `| ${name} | ${without.toFixed(2)} % | ${open.toFixed(2)} % | ${(open - without).toFixed(2)} % |`;
  return [
    `| of a core | no console | ${consoles} consoles | more |`,
    '| --- | --- | --- | --- |',
    row('nothing runs', idle, idleOpen),
    row('five runs a second', busy, busyOpen),
  ].join('\n');
}

async function pacedRuns({ gateway }: ServedConsole): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    const next = setTimeout(1000);
    await load(gateway.target, { count: 5, concurrency: 1, stream: false });
    await next;
  }
}

function kb(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
