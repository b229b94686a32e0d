import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({ pid: z.int(), address: z.url(), token: z.string() });

/** Where a gateway that runs on this project can be reached. `token` is good for administration while it runs. */
export type RunningGateway = z.infer<typeof recordSchema>;

/** Makes the token of one life of a gateway. */
export function newLocalToken(): string {
  return `dgl_${randomBytes(32).toString('base64url')}`;
}

/** Whether a process of this machine is there. */
type IsAlive = (pid: number) => boolean;

/**
 * Writes `gateway.json` (mode 0600) into the state folder, whole or not at all, and the same below `gateways/`, where
 * those that run on the project side by side are remembered.
 */
export async function announceGateway(stateFolder: string, record: RunningGateway): Promise<void> {
  const folder = join(stateFolder, siblingsFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(join(folder, `${record.pid}.json`), record);
  await writeWhole(join(stateFolder, 'gateway.json'), record);
}

const siblingsFolder = 'gateways';

async function writeWhole(path: string, record: RunningGateway): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** What `gateway.json` says; null where there is none or it makes no sense. The gateway may be gone all the same. */
export async function readRunningGateway(stateFolder: string): Promise<RunningGateway | null> {
  return readRecord(join(stateFolder, 'gateway.json'));
}

async function readRecord(path: string): Promise<RunningGateway | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    return recordSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/**
 * Takes a gateway's own `gateway.json` away. Where another one still runs on the project the file names that one from
 * then on; what gateways left that were killed goes too.
 */
export async function withdrawGateway(
  stateFolder: string,
  pid: number,
  isAlive: IsAlive,
): Promise<void> {
  const folder = join(stateFolder, siblingsFolder);
  await rm(join(folder, `${pid}.json`), { force: true });
  const other = (await siblingsIn(folder, isAlive)).at(-1);
  const named = await readRunningGateway(stateFolder);
  if (named?.pid !== pid) return;
  if (other) await writeWhole(join(stateFolder, 'gateway.json'), other);
  else await rm(join(stateFolder, 'gateway.json'), { force: true });
}

/** Records of gateways whose process is there, the one that was announced last at the end. */
async function siblingsIn(folder: string, isAlive: IsAlive): Promise<RunningGateway[]> {
  const names = await readdir(folder).catch(() => []);
  const found: { readonly record: RunningGateway; readonly atMs: number }[] = [];
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const path = join(folder, name);
    const [record, stats] = [await readRecord(path), await stat(path).catch(() => null)];
    if (record && stats && isAlive(record.pid)) found.push({ record, atMs: stats.mtimeMs });
    else await rm(path, { force: true });
  }
  return found.toSorted((a, b) => a.atMs - b.atMs).map(({ record }) => record);
}
