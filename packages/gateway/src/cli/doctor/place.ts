import { randomUUID } from 'node:crypto';
import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { readRunningGateway } from '../../storage/running-gateway.ts';
import { exists } from '../../system/files.ts';
import { hasProcess } from '../../system/processes.ts';
import { fail, type HealthCheck, ok, warn } from './health-check.ts';

/** What is kept grows with decisions and with each version of an agent. */
const ENOUGH_DISK_MB = 200;

/** Files are dated by the disk, which may be another machine's. */
const MAX_CLOCK_SKEW_MS = 2000;

/** No time before this version was made can be right. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

/** Where the gateway listens and keeps what it knows, and the time it goes by. */
export async function placeHealth(config: Config, stateFolder: string): Promise<HealthCheck[]> {
  // A start makes the folder; a look leaves nothing behind.
  const folder = (await exists(stateFolder)) ? stateFolder : config.projectRoot;
  return [await portHealth(config, stateFolder), ...(await stateHealth(folder))];
}

async function portHealth({ server }: Config, stateFolder: string): Promise<HealthCheck> {
  const { host, port } = server;
  const place = `${host}:${port}`;
  if (port === 0) return ok('port', 'any free one');
  const code = await tryToListen(host, port);
  if (code === null) return ok('port', `${place} is free`);
  const running = await readRunningGateway(stateFolder);
  const isOwn = running !== null && hasProcess(running.pid) && running.address.includes(`:${port}`);
  if (code === 'EADDRINUSE' && isOwn)
    return ok('port', `${place}: this project's gateway serves there`);
  const fixes: Readonly<Record<string, string>> = {
    EADDRINUSE: 'Stop what listens there, or set another server.port.',
    EACCES: 'Set a server.port above 1023.',
  };
  return fail(
    'port',
    `${place} cannot be listened on (${code}).`,
    fixes[code] ?? 'Correct server.host.',
  );
}

function tryToListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

async function stateHealth(folder: string): Promise<HealthCheck[]> {
  const file = join(folder, `.doctor-${randomUUID()}`);
  try {
    const beforeMs = Date.now();
    await writeFile(file, '');
    const { mtimeMs } = await stat(file);
    await rm(file);
    return [await diskHealth(folder), clockHealth(beforeMs, mtimeMs)];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const fix = `Let this user write to ${folder}, and make room on its disk.`;
    return [fail('state folder', `${folder} cannot be written (${code}).`, fix)];
  }
}

async function diskHealth(folder: string): Promise<HealthCheck> {
  const { bavail, bsize } = await statfs(folder);
  const freeMb = Math.floor((bavail * bsize) / 1024 / 1024);
  const found = `${folder}, ${freeMb} MB free`;
  return freeMb >= ENOUGH_DISK_MB
    ? ok('state folder', found)
    : warn(
        'state folder',
        found,
        'Make room: a full disk keeps keys and budgets from being written.',
      );
}

function clockHealth(nowMs: number, fileMs: number): HealthCheck {
  const now = new Date(nowMs).toISOString();
  const fix = 'Set the time, and keep it with NTP: keys, rules and budgets go by it.';
  if (nowMs < EARLIEST_MS) return fail('clock', `It says ${now}, which is over.`, fix);
  const skewMs = Math.abs(fileMs - nowMs);
  return skewMs <= MAX_CLOCK_SKEW_MS
    ? ok('clock', now)
    : warn(
        'clock',
        `${now}; the disk of the state folder is ${Math.round(skewMs / 1000)} s off.`,
        fix,
      );
}
