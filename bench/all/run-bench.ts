import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Bench, Command } from './benches.ts';
import { commit, machine, versions } from './machine.ts';
import { tablesIn } from './markdown.ts';
import type { Result } from './result.ts';

const root = resolve(import.meta.dirname, '../..');

/** No bench takes so many times as long as it should, unless it hangs. */
const patience = 5;
const leastMinutes = 10;

/**
 * Runs the commands of a bench, shows what they print, and gives their tables; `null` for one that has a form of its own.
 *
 * @throws Error where one fails or hangs, or none printed a table.
 */
export async function runBench(bench: Bench): Promise<Result | null> {
  const { name, commands, minutes } = bench;
  const about = machine();
  const beganMs = Date.now();
  let text = '';
  for (const command of commands) {
    text += `${await outputOf(command, Math.max(leastMinutes, minutes * patience))}\n`;
  }
  if (bench.hasOwnForm) return null;
  const tables = tablesIn(text);
  if (tables.length === 0) throw new Error('It printed no table.');
  return {
    name,
    measured_at: new Date(beganMs).toISOString(),
    commit: commit(),
    commands: commands.map((command) => commandLine(command, process.env)),
    took_seconds: Math.round((Date.now() - beganMs) / 1000),
    machine: about,
    versions: versions(),
    tables,
  };
}

/** Those that some command has by itself: its result names those of it that somebody sets. */
const otherSettings = [
  'ROUNDS COUNT WARM SHARE DELTAS AWAKE STREAMS PACE_MS RATE QUIET QUIET_SECONDS SECONDS AGENTS WORKERS',
  'CLIENTS SEED RUNS REST CALLS RUN_US EDITS RELOADS PER_SECOND NEW_AGENTS PAIRS EVENTS CONSOLES SCALE SHAPES STARTS',
].flatMap((names) => names.split(' '));

/** As a person would type it, with the settings that hold where an environment may say others. */
export function commandLine(
  { script, args = [], settings = {} }: Command,
  env: NodeJS.ProcessEnv,
): string {
  const text = readFileSync(resolve(root, script), 'utf8');
  const others = otherSettings.filter(
    (name) =>
      env[name] !== undefined && !(name in settings) && new RegExp(`\\b${name}\\b`).test(text),
  );
  const all = [...Object.entries(settings), ...others.map((name) => [name, ''] as const)];
  const set = all.map(([name, value]) => `${name}=${env[name] ?? value}`);
  return [...set, 'node', script, ...args].join(' ');
}

async function outputOf(
  { script, args = [], settings = {} }: Command,
  minutes: number,
): Promise<string> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: root,
    env: { ...settings, ...process.env },
    stdio: ['ignore', 'pipe', 'inherit'],
    // It leads a group, which is ended as one.
    detached: true,
  });
  const end = () => endGroup(child.pid);
  const hung = AbortSignal.timeout(minutes * 60_000);
  hung.addEventListener('abort', end);
  const stopped = () => {
    end();
    process.exit(130);
  };
  process.once('SIGINT', stopped).once('SIGTERM', stopped);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    process.stdout.write(part);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  process.off('SIGINT', stopped).off('SIGTERM', stopped);
  hung.removeEventListener('abort', end);
  if (code === 0) return text;
  throw new Error(
    hung.aborted
      ? `It was stopped after ${minutes} minutes.`
      : `${script} ended with ${code ?? 'a signal'}.`,
  );
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}
