import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Emit } from '../../events.ts';
import { processIdentity, signalGroup } from '../../system/processes.ts';
import { findLeftovers, killProcess, type Traces } from './leftovers.ts';

/** The written record of this pool's processes, so that a gateway started later can end what this one left behind. */
export type Orphans = {
  /** Ends the processes of gateways that are gone and returns how many there were. */
  readonly sweep: () => number;
  /** Writes a process down, or what is known of its children by now. */
  readonly record: (worker: Traces) => void;
  readonly forget: (pid: number) => void;
};

const workerSchema = z.object({
  pid: z.number(),
  identity: z.string(),
  // A gateway of an earlier version wrote neither.
  mark: z.string().default(''),
  outside: z.array(z.object({ pid: z.number(), startTicks: z.string() })).default([]),
});

const recordSchema = z.object({
  gateway: z.object({ pid: z.number(), identity: z.string() }),
  workers: z.array(workerSchema),
});

type WorkerRecord = z.infer<typeof workerSchema>;
type PoolRecord = z.infer<typeof recordSchema>;

/**
 * Keeps one small file per pool below `folder`, replaced whole and at once, so that `kill -9` at any moment leaves a
 * readable one. Files are per pool because several gateways may share the folder. A file that cannot be written costs
 * the sweep, not the worker: the failure is emitted.
 */
export function createOrphans(options: { folder: string; emit: Emit }): Orphans {
  const file = join(options.folder, `${process.pid}-${randomUUID()}.json`);
  const workers = new Map<number, WorkerRecord>();

  const write = (): void => {
    try {
      writeRecord(file, workers);
    } catch (error) {
      options.emit({ type: 'fault_survived', where: 'record of worker processes', error });
    }
  };

  return {
    sweep: () => sweepFolder(options.folder),
    record({ pid, mark, outside }) {
      const identity = workers.get(pid)?.identity ?? processIdentity(pid);
      if (identity === null) return;
      workers.set(pid, { pid, identity, mark, outside: [...outside] });
      write();
    },
    forget(pid) {
      if (workers.delete(pid)) write();
    },
  };
}

function writeRecord(file: string, workers: ReadonlyMap<number, WorkerRecord>): void {
  if (workers.size === 0) {
    rmSync(file, { force: true });
    return;
  }
  const record: PoolRecord = {
    gateway: { pid: process.pid, identity: processIdentity(process.pid) ?? '' },
    workers: [...workers.values()],
  };
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function sweepFolder(folder: string): number {
  const left: WorkerRecord[] = [];
  for (const name of namesIn(folder)) {
    const file = join(folder, name);
    const record = readRecord(file);
    if (record && processIdentity(record.gateway.pid) === record.gateway.identity) continue;
    left.push(...(record?.workers ?? []));
    // Without a record it is no more than an unfinished write.
    rmSync(file, { force: true });
  }
  return endAll(left);
}

/** Ends workers with their groups, and then what left these. Returns how many workers there were. */
function endAll(workers: readonly WorkerRecord[]): number {
  const live = workers.filter(({ pid, identity }) => processIdentity(pid) === identity);
  const ended = live.filter(({ pid }) => signalGroup(pid, 'SIGKILL')).length;
  if (workers.length > 0) for (const pid of findLeftovers(workers)) killProcess(pid);
  return ended;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

function readRecord(file: string): PoolRecord | null {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
