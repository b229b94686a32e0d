import { readFileSync } from 'node:fs';
import { type HealthCheck, ok, warn } from './health-check.ts';

/** Each worker takes five, each caller one; the gateway itself some thirty. */
const ENOUGH_FILES = 4096;
const ENOUGH_PROCESSES = 1024;

/** One for each folder and file of agents. */
const ENOUGH_WATCHES = 16_384;
const ENOUGH_INSTANCES = 64;

/** What the system lets this user have. Empty where it does not tell. */
export function limitsHealth(): HealthCheck[] {
  return [
    // Node raises its own limit to the highest that it may.
    limit(
      'open files',
      hardLimit('Max open files'),
      ENOUGH_FILES,
      'ulimit -n 65536, or LimitNOFILE=65536 in the unit of systemd.',
    ),
    limit(
      'processes',
      hardLimit('Max processes'),
      ENOUGH_PROCESSES,
      'ulimit -u 8192, or TasksMax=8192 in the unit of systemd.',
    ),
    limit(
      'inotify watches',
      inotify('max_user_watches'),
      ENOUGH_WATCHES,
      'sysctl -w fs.inotify.max_user_watches=524288',
    ),
    limit(
      'inotify instances',
      inotify('max_user_instances'),
      ENOUGH_INSTANCES,
      'sysctl -w fs.inotify.max_user_instances=512',
    ),
  ].flatMap((health) => health ?? []);
}

function limit(name: string, most: number | null, enough: number, fix: string): HealthCheck | null {
  if (most === null) return null;
  const found = most === Number.POSITIVE_INFINITY ? 'no limit' : `${most}`;
  return most >= enough ? ok(name, found) : warn(name, `${found}, few for many agents`, fix);
}

function hardLimit(name: string): number | null {
  const line = new RegExp(`^${name} +\\S+ +(\\S+)`, 'm').exec(read('/proc/self/limits'));
  if (!line) return null;
  return line[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line[1]);
}

function inotify(name: string): number | null {
  const text = read(`/proc/sys/fs/inotify/${name}`);
  return text === '' ? null : Number(text);
}

/** Empty where there is no such file. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
