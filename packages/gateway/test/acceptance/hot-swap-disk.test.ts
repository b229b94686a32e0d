import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { logOf } from './call.ts';
import { startGateway } from './harness.ts';
import { at, projectSaying, saying, statusOf, untilSays } from './reloading.ts';

/** A disk of its own, seen by one process only; it goes with that. */
const smallDisk = 'mount -t tmpfs -o size=512k tmpfs full && exec "$@"';
const inSmallDisk = ['unshare', '-Urm', 'sh', '-c', smallDisk, 'sh'];

test('a store whose disk is full stops no version from going live, and is told of until there is room', async ({
  skip,
}) => {
  const project = await projectSaying({ Kept: 'One.' });
  await mkdir(join(project.root, 'full'));
  const [program = '', ...args] = [...inSmallDisk, 'true'];
  if (spawnSync(program, args, { cwd: project.root }).status !== 0) {
    skip('This user may mount nothing.');
  }
  const env = { GATEWAY_STORE_URL: 'sqlite:full/gateway.db' };
  const gateway = await startGateway({ project, env, launchedBy: inSmallDisk });
  onTestFinished(gateway.stop);
  const filler = join('/proc', String(gateway.pid), 'root', project.root, 'full/filler');
  await expect(writeFile(filler, Buffer.alloc(1 << 20))).rejects.toMatchObject({ code: 'ENOSPC' });

  await project.write({ [at('Kept')]: saying('Two.') });
  await untilSays(gateway, 'Kept', 'Two.');
  const told = await statusOf(gateway, 'Kept');
  expect(told).toMatchObject({ status: 'ready', generation: 2 });
  expect(told?.diagnostics).toMatchObject([
    { code: 'generation_not_kept', message: expect.stringMatching(/store .* is full/) },
  ]);
  expect(logOf(gateway, 'default/kept').join()).toContain('a restart would lose it');

  await rm(filler);
  const refreshed = await gateway.fetch('/agents/refresh', { method: 'POST' });
  expect(await refreshed.json()).toMatchObject({ unchanged: ['default/kept'], loaded: [] });
  expect((await statusOf(gateway, 'Kept'))?.diagnostics).toEqual([]);
});
