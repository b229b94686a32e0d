import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { statusAnswer } from '../../src/protocol/admin/status-answer.ts';
import type { TestGateway } from '../acceptance/harness.ts';
import { until } from '../acceptance/until.ts';

/** What a gateway has open. */
export type Open = {
  /** Pids of its workers. */
  readonly workers: readonly number[];
  /** Files and connections of it and of its workers. */
  readonly files: number;
  readonly workerFiles: readonly number[];
};

/** Gauges that are zero where nobody asks for anything. */
const gauges = ['runs_active', 'streams_open', 'runs_queued', 'unread_bytes'] as const;

/** Connections to upstreams and callers that are kept for the next request. */
const SPARE_FILES = 2;

/** What it has open now. */
export async function lookAtOpen(gateway: TestGateway): Promise<Open> {
  const workers = (await gateway.workers()).map(({ pid }) => pid).toSorted((a, b) => a - b);
  return { workers, files: filesOf(gateway.pid), workerFiles: workers.map(filesOf) };
}

/** Waits until each counter of what goes on is zero. */
export async function untilZero(gateway: TestGateway): Promise<void> {
  await until('the runs to be over', async () => {
    const answer = await gateway.fetch('/admin/status');
    const { runs, workers } = statusAnswer.parse(await answer.json());
    const inWorkers = workers.reduce((sum, { active_runs }) => sum + active_runs, 0);
    return runs.active + runs.waiting + inWorkers === 0;
  });
  await until('the gauges to be zero', async () => {
    const now = await gaugesOf(gateway);
    return gauges.every((name) => now[name] === 0);
  });
}

/** Waits until what was opened is closed, and expects the very same workers. */
export async function untilClosed(gateway: TestGateway, before: Open): Promise<void> {
  await until('what was opened to be closed', async () => {
    const now = await lookAtOpen(gateway);
    expect(now.workers).toEqual(before.workers);
    const grown = now.workerFiles.map((files, index) => files - (before.workerFiles[index] ?? 0));
    return Math.max(now.files - before.files, ...grown) <= SPARE_FILES;
  });
}

async function gaugesOf(gateway: TestGateway): Promise<Readonly<Record<string, number>>> {
  const text = await (await gateway.fetch('/metrics')).text();
  const lines = text.matchAll(/^dropgate_(\w+) ([\d.e+]+)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]));
}

function filesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
