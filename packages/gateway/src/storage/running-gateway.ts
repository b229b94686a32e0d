import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({ pid: z.int(), address: z.url(), token: z.string() });

/** Where a gateway that runs on this project can be reached. `token` is good for administration while it runs. */
export type RunningGateway = z.infer<typeof recordSchema>;

/** Makes the token of one life of a gateway. */
export function newLocalToken(): string {
  return `dgl_${randomBytes(32).toString('base64url')}`;
}

/** Writes `gateway.json` (mode 0600) into the state folder, whole or not at all. */
export async function announceGateway(stateFolder: string, record: RunningGateway): Promise<void> {
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const draft = join(stateFolder, `gateway.json.${record.pid}`);
  await writeFile(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(draft, join(stateFolder, 'gateway.json'));
}

/** What `gateway.json` says; null where there is none or it makes no sense. The gateway may be gone all the same. */
export async function readRunningGateway(stateFolder: string): Promise<RunningGateway | null> {
  const text = await readFile(join(stateFolder, 'gateway.json'), 'utf8').catch(() => '');
  try {
    return recordSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Removes `gateway.json`, unless another gateway has written its own since. */
export async function withdrawGateway(stateFolder: string, pid: number): Promise<void> {
  const record = await readRunningGateway(stateFolder);
  if (record?.pid === pid) await rm(join(stateFolder, 'gateway.json'), { force: true });
}
