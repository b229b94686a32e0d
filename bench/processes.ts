import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Clock ticks of /proc a second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time used so far by a process and all below it, in ms. Linux only. */
export function treeCpuMs(pid: number): number {
  return tree(pid).reduce((sum, each) => sum + cpuMs(each), 0);
}

/** Pids of a process and of all below it. */
export function tree(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : null;
    if (!fields) continue;
    const parent = Number(fields[1]);
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const below = (id: number): number[] => [id, ...(parents.get(id) ?? []).flatMap(below)];
  return below(pid);
}

/** Private memory of a process in MB: what would be free again if it ended. */
export function privateMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kb = [...text.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].map(([, value]) => Number(value));
  return kb.reduce((sum, value) => sum + value, 0) / 1024;
}

/** Private memory in MB of a process, and of all below it together. */
export function memoryOf(pid: number): { readonly own: number; readonly below: number } {
  const [own = pid, ...below] = tree(pid);
  return { own: privateMb(own), below: below.reduce((sum, each) => sum + privateMb(each), 0) };
}

/** Fields of /proc/<pid>/stat after the command name: state, ppid, … */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function cpuMs(pid: number): number {
  const fields = statFields(pid);
  if (!fields) return 0;
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

export type Server = {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly firstLine: string;
};

/** Starts a script, of Node unless a `command` is given, and waits for its first line. */
export async function startScript(
  args: readonly string[],
  options: {
    cwd?: string;
    env: Record<string, string>;
    command?: string;
    /** A channel for `send` and `message`, to what answers there. */
    channel?: 'ipc';
  },
): Promise<Server> {
  const stdio = ['ignore', 'pipe', 'inherit', ...(options.channel ? [options.channel] : [])];
  const child = spawn(options.command ?? process.execPath, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...options.env },
    stdio: stdio as ('ignore' | 'pipe' | 'inherit' | 'ipc')[],
  });
  if (!child.stdout) throw new Error('The output of a script is a pipe.');
  const lines = createInterface({ input: child.stdout });
  const [firstLine] = (await once(lines, 'line')) as [string];
  child.stdout.resume();
  return { process: child, pid: child.pid ?? 0, firstLine };
}

/** Ends a server and waits until it is gone. */
export async function stop(server: Server): Promise<void> {
  if (server.process.exitCode !== null) return;
  server.process.kill('SIGTERM');
  await once(server.process, 'exit');
}
