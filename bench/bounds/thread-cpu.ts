import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of a process so far, in µs. */
export type ThreadCpu = {
  /** Of the thread that runs JavaScript. */
  readonly main: number;
  /** Of all others: V8's compilers and collectors, mostly. */
  readonly helpers: number;
};

/** Exact, by the scheduler's own count; nothing for a process that has ended. Linux only. */
export function threadCpu(pid: number): ThreadCpu {
  const cpu = { main: 0, helpers: 0 };
  for (const thread of threadsOf(pid)) {
    const micros = Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1000;
    cpu[Number(thread) === pid ? 'main' : 'helpers'] += micros;
  }
  return cpu;
}

/** What a process was started with: its command and its environment. */
export function startedWith(pid: number): string {
  return `${read(`/proc/${pid}/cmdline`)} ${read(`/proc/${pid}/environ`)}`;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
