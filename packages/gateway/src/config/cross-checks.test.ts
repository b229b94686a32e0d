import { chmod } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { Command } from './config.ts';
import { loadConfig } from './load-config.ts';

const isRoot = process.getuid?.() === 0;

describe('workers of another user', () => {
  test('need a user where they have a group', async () => {
    await expect(settingsOf('worker: { gid: 1001 }')).rejects.toThrow(
      'gateway.yaml:1:11: worker.gid: A group needs a user. Set worker.uid too, or remove it.',
    );
  });

  test('are never root', async () => {
    await expect(settingsOf('worker: { uid: 0 }')).rejects.toThrow('worker.uid: 0 is not allowed.');
  });

  test('do not keep a command from working that starts none', async () => {
    const { worker } = await settingsOf('worker: { uid: 1001 }', { command: 'keys' });
    expect(worker.uid).toBe(1001);
  });

  test.skipIf(isRoot)('need a gateway that is root', async () => {
    await expect(settingsOf('worker: { uid: 1001 }')).rejects.toThrow(
      'worker.uid: Workers can run as another user only where the gateway is started as root.',
    );
  });

  test.runIf(isRoot)('have to be able to enter the project', async () => {
    await expect(settingsOf('worker: { uid: 1001 }', { mode: 0o700 })).rejects.toThrow(
      /worker\.uid: User 1001 cannot enter \/.*\. Let others pass through it \(chmod o\+x\)\.$/,
    );
    const group = await settingsOf('worker: { uid: 1001, gid: 1002 }', { mode: 0o711 });
    expect(group.worker).toMatchObject({ uid: 1001, gid: 1002 });
  });

  test.runIf(isRoot)('are told of secrets that they could read all the same', async () => {
    const open = await settingsOf('worker: { uid: 1001 }', { files: { '.env': 'A=1' } });
    expect(open.notices).toEqual([
      'Workers can read the .env in the project root. Allow its owner only (chmod 600 .env).',
    ]);
  });
});

describe('workers in a sandbox', () => {
  test('are shown only what is there', async () => {
    const yaml = 'worker: { sandbox_read: [gateway.yaml, /nowhere], sandbox_write: [out] }';
    await expect(settingsOf(yaml)).rejects.toThrow(
      /gateway\.yaml:1:40: worker\.sandbox_read\.1: There is no \/nowhere\. Make it, or remove it from the list\.\n.*worker\.sandbox_write\.0: There is no .*\/out\./,
    );
  });
});

async function settingsOf(
  yaml: string,
  more: { command?: Command; mode?: number; files?: Record<string, string> } = {},
) {
  const projectRoot = await tempFolder({ 'gateway.yaml': yaml, ...more.files });
  await chmod(projectRoot, more.mode ?? 0o755);
  return loadConfig({ projectRoot, env: {}, command: more.command ?? 'start' });
}
