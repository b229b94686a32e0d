/**
 * Measures a scroll through many runs in a real browser; prints Markdown. `node bench/console/scroll-runs.ts`: what each
 * step of ten rows takes the page in script, how many rows are in the page at most, and what of its memory stays.
 * `RUNS` sets how many. Fails where a step takes more than 8 ms (p95) or more than 100 rows are in the page.
 */
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { type RunRecord, runIdTime } from '../../packages/gateway/src/protocol/journal/journal.ts';
import { openStore } from '../../packages/gateway/src/storage/open-store.ts';
import { quantile } from '../quantile.ts';
import { serveConsole } from './served-console.ts';

const runs = Number(process.env.RUNS ?? 10_000);
const stepPixels = 400;
const mostScriptMs = 8;
const mostRows = 100;

/** Where the table stands. */
type Scrolled = {
  readonly isAtEnd: boolean;
  /** That are in the page. */
  readonly shown: number;
  /** That were read so far. */
  readonly known: number;
};

/** Scrolls on in the page, waits until it has drawn that, and tells a `Scrolled`. A text, as the page has what we do not know here. */
const scrollOn = `(async () => {
  const table = document.querySelector('[role="table"]');
  table.scrollBy({ top: ${stepPixels} });
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return {
    isAtEnd: table.scrollTop + table.clientHeight >= table.scrollHeight - 1,
    shown: table.querySelectorAll('[data-row]').length,
    known: Number(table.getAttribute('aria-rowcount')) - 1,
  };
})()`;

const served = await serveConsole();
try {
  await fillJournal(join(served.project, '.dropgate/gateway.db'));
  const { page } = await served.open('/runs');
  await page.locator('[data-row="0"]').waitFor();
  const session = await page.context().newCDPSession(page);
  const heapBefore = await heapMb(session);
  const { steps, rowsInPage, rows } = await scrollThrough(page, session);
  const heapAfter = await heapMb(session);
  const p95 = quantile(steps, 0.95);
  console.log(
    '| runs | steps | script p50 | p95 | most | rows in the page | heap before | after |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  console.log(
    `| ${rows} | ${steps.length} | ${ms(quantile(steps, 0.5))} | ${ms(p95)} | ${ms(quantile(steps, 1))} | ${rowsInPage} | ${heapBefore.toFixed(1)} MB | ${heapAfter.toFixed(1)} MB |`,
  );
  const isGood = rows >= runs && p95 <= mostScriptMs && rowsInPage <= mostRows;
  if (!isGood) process.exitCode = 1;
} finally {
  await served.close();
}

/** Through the store's own part, beside the gateway that has it open. */
async function fillJournal(file: string): Promise<void> {
  const store = await openStore(`sqlite:${file}`);
  const now = Date.now();
  const batch = 1000;
  for (let from = 0; from < runs; from += batch) {
    const count = Math.min(batch, runs - from);
    const some = Array.from({ length: count }, (_, index) => runBefore(now, from + index));
    await store.journal.write({ runs: some, chunks: [] });
  }
  await store.close();
}

function runBefore(nowMs: number, index: number): RunRecord {
  const startedMs = nowMs - (index + 1) * 1000;
  const isFailed = index % 7 === 0;
  const tokens = { inputTokens: 400 + index, outputTokens: 30, reasoningTokens: 0 };
  return {
    id: `run_${runIdTime(startedMs)}${index.toString(16).padStart(13, '0')}`,
    startedMs,
    requestId: `req_${index}`,
    keyId: `key_${index % 5}`,
    user: index % 3 === 0 ? `user-${index}` : null,
    agentId: `default/agent-${index % 20}`,
    modulePath: 'src/agents/Bench/agent.ts',
    generation: 1,
    replayOf: null,
    resumes: null,
    gateway: null,
    outcome: isFailed ? 'failed' : 'finished',
    code: isFailed ? 'tool_failed' : null,
    durationMs: 100 + index,
    usage: { requests: 2, cachedInputTokens: 0, ...tokens },
    recorded: 'steps',
    steps: 0,
    bytes: 0,
    costNanoUsd: 1_000_000,
    unpricedCalls: 0,
  };
}

/** From the newest run to the oldest, waiting where the next page is being read. */
async function scrollThrough(page: Page, session: CDPSession) {
  // Time of the thread, so that what else the machine does is not counted.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const steps: number[] = [];
  let rowsInPage = 0;
  for (;;) {
    const before = await scriptMs(session);
    const { isAtEnd, shown, known } = await page.evaluate<Scrolled>(scrollOn);
    steps.push((await scriptMs(session)) - before);
    rowsInPage = Math.max(rowsInPage, shown);
    if (!isAtEnd) continue;
    if (known >= runs) return { steps, rowsInPage, rows: known };
    await page.waitForFunction(
      `document.querySelector('[role="table"]').ariaRowCount - 1 > ${known}`,
    );
  }
}

async function scriptMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0) * 1000;
}

async function heapMb(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize / 1e6;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
