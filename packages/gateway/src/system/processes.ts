import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Whom a process runs as, where that is another than the gateway's own user. */
export type ProcessUser = { readonly uid: number; readonly gid: number };

/** Processes cannot be started as another user here. `message` says why and what to do. */
export class ProcessUserError extends Error {
  override readonly name = 'ProcessUserError';
}

/** How long `ps` may take where there is no `/proc`. */
const PS_TIMEOUT_MS = 2000;

/** What is known of a live process of Linux. */
export type ProcessStat = {
  /** Ticks since the boot at which it started. */
  readonly startTicks: string;
  /** Pid of the process that leads its session. */
  readonly session: number;
};

/**
 * What tells a process from any other that ever has the same pid: the boot and its start time. Null where no such
 * process lives; one that ended but was not collected yet does not live.
 */
export function processIdentity(pid: number): string | null {
  if (process.platform !== 'linux') return psField(pid, 'lstart');
  const stat = processStat(pid);
  if (stat === null) return null;
  const boot = readOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${boot}:${stat.startTicks}`;
}

/** Null where no such process lives, and on other systems than Linux. */
export function processStat(pid: number): ProcessStat | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the command in parentheses and may hold anything, so fields are counted from its end.
  const [state, , , session, ...later] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTicks = later[15];
  if (startTicks === undefined || state === 'Z' || state === 'X') return null;
  return { startTicks, session: Number(session) };
}

/** Pids of the children of a process; none where the system does not tell. */
export function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  return namesIn(tasks).flatMap((task) => {
    const children = readOrNull(`${tasks}/${task}/children`)?.trim();
    return children ? children.split(' ').map(Number) : [];
  });
}

/** What a process did with the time it lived, in milliseconds. What is left, it waited for something else. */
export type CpuDemand = {
  readonly ranMs: number;
  /** It could have run, but others had the CPUs. */
  readonly heldUpMs: number;
};

/**
 * Of a process and those that come from it, the main thread that wanted a CPU most. Null where the system does not tell
 * (`/proc/<pid>/schedstat`, Linux).
 */
export function busiestOf(pid: number): CpuDemand | null {
  const [ran, heldUp] = (readOrNull(`/proc/${pid}/schedstat`) ?? '').split(' ').map(Number);
  if (ran === undefined || heldUp === undefined) return null;
  let busiest: CpuDemand = { ranMs: ran / 1e6, heldUpMs: heldUp / 1e6 };
  for (const child of childrenOf(pid)) {
    const other = busiestOf(child);
    if (other && wanted(other) > wanted(busiest)) busiest = other;
  }
  return busiest;
}

function wanted({ ranMs, heldUpMs }: CpuDemand): number {
  return ranMs + heldUpMs;
}

/** Pids of all processes of Linux; none elsewhere. */
export function allProcesses(): number[] {
  return namesIn('/proc').flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
}

/** Whether a process was started with one of these variables (`NAME=value`); false where this user may not look. */
export function hasInitialVariable(pid: number, variables: ReadonlySet<string>): boolean {
  const initial = readOrNull(`/proc/${pid}/environ`)?.split('\0') ?? [];
  return initial.some((variable) => variables.has(variable));
}

/** Whether there is a process with that pid, be it another's. */
export function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Resident memory of a process in MiB, its children not counted; null where the system does not tell. */
export function residentMb(pid: number): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readOrNull(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
}

/** A process's share of the memory it holds with others in MiB, so that shares add up; null where that is not told. */
export function memoryShareMb(pid: number): number | null {
  const share = /^Pss:\s+(\d+) kB/m.exec(readOrNull(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
  return share === undefined ? null : Math.round(Number(share) / 1024);
}

/** CPU time of a process since its start in milliseconds, its children not counted; null where the system does not tell. */
export function cpuMs(pid: number): number | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isNaN(ticks) ? null : ticks * MS_PER_TICK;
}

/** Of Linux on every machine that Node runs on: 100 ticks a second. */
const MS_PER_TICK = 10;

/** Signals a process and all of its group. False where nothing of it is left. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  // 0 would be the caller's own group and 1 the whole system.
  if (pid <= 1) return false;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
    return true;
  } catch {
    return false;
  }
}

function psField(pid: number, field: string): string | null {
  const { stdout } = spawnSync('ps', ['-o', `${field}=`, '-p', String(pid)], {
    encoding: 'utf8',
    timeout: PS_TIMEOUT_MS,
  });
  return stdout?.trim() || null;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
