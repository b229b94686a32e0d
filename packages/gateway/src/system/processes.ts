import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whom a process runs as, where that is another than the gateway's own user. */
export type ProcessUser = { readonly uid: number; readonly gid: number };

/** How long `ps` may take where there is no `/proc`. */
const PS_TIMEOUT_MS = 2000;

/**
 * What tells a process from any other that ever has the same pid: the boot and its start time. Null where no such
 * process lives; one that ended but was not collected yet does not live.
 */
export function processIdentity(pid: number): string | null {
  if (process.platform !== 'linux') return psField(pid, 'lstart');
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the command in parentheses and may hold anything, so fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startTicks = fields[19];
  if (startTicks === undefined || state === 'Z' || state === 'X') return null;
  const boot = readOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${boot}:${startTicks}`;
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

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
