import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../../events.ts';
import { processIdentity } from '../../system/processes.ts';
import { createOrphans } from './orphans.ts';

describe('the record of worker processes', () => {
  test('names each live one and is gone with the last', async () => {
    const folder = join(await tempFolder(), 'workers');
    const [first, second] = [await sleeper(), await sleeper()];
    const orphans = createOrphans({ folder, emit: unexpected });
    orphans.record(tracesOf(first));
    orphans.record(tracesOf(second));
    orphans.forget(first);
    const [file = ''] = readdirSync(folder);
    expect(JSON.parse(readFileSync(join(folder, file), 'utf8'))).toEqual({
      gateway: { pid: process.pid, identity: processIdentity(process.pid) },
      workers: [
        { pid: second, identity: processIdentity(second), mark: `mark-${second}`, outside: [] },
      ],
    });
    orphans.forget(second);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that cannot be written is told and hurts nobody', async () => {
    const folder = join(await tempFolder({ taken: 'a file' }), 'taken');
    const events: GatewayEvent[] = [];
    const orphans = createOrphans({ folder, emit: (event) => events.push(event) });
    orphans.record(tracesOf(await sleeper()));
    expect(events).toMatchObject([{ type: 'fault_survived', where: 'record of worker processes' }]);
    expect(orphans.sweep()).toBe(0);
  });
});

describe('a sweep', () => {
  test('ends the workers of a gateway that is gone, and their record with them', async () => {
    const pid = await sleeper();
    const workers = [{ pid, identity: processIdentity(pid) }];
    const gateway = { pid: 999_999_999, identity: 'gone' };
    const folder = await tempFolder({ 'old.json': JSON.stringify({ gateway, workers }) });
    expect(createOrphans({ folder, emit: unexpected }).sweep()).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
    await expect.poll(() => processIdentity(pid)).toBeNull();
  });

  test('also when another process has the pid of that gateway by now', async () => {
    const pid = await sleeper();
    const workers = [{ pid, identity: processIdentity(pid) }];
    const gateway = { pid: process.pid, identity: 'of an earlier boot' };
    const folder = await tempFolder({ 'old.json': JSON.stringify({ gateway, workers }) });
    expect(createOrphans({ folder, emit: unexpected }).sweep()).toBe(1);
  });

  test('clears away what cannot be read', async () => {
    const folder = await tempFolder({ 'broken.json': '{"gateway":', 'other.txt': 'kept' });
    expect(createOrphans({ folder, emit: unexpected }).sweep()).toBe(0);
    expect(readdirSync(folder)).toEqual(['other.txt']);
  });
});

function tracesOf(pid: number) {
  return { pid, mark: `mark-${pid}`, outside: [] };
}

/** A process in its own group that does nothing; gives its pid. */
async function sleeper(): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    detached: true,
    stdio: 'ignore',
  });
  await once(child, 'spawn');
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child.pid ?? 0;
}

function unexpected(event: GatewayEvent): void {
  throw new Error(`No event was expected: ${JSON.stringify(event)}`);
}
