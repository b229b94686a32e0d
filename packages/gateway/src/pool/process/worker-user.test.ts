import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect, test } from 'vitest';
import { launcher } from '../../../test/support/cli-process.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

test.runIf(isRoot).each([
  ['-chown', /^error: worker\.uid: \/.*\/\.dropgate cannot be given to group 12345 \(EPERM\)\. /m],
  ['-setuid', /^error: worker\.uid: No process can be started as user 12345 \(EPERM\)\. /m],
])('a gateway of a root without a right (%s) says so, and does not start', async (right, said) => {
  const cwd = await tempFolder({ 'gateway.yaml': 'worker: { uid: 12345 }\nserver: { port: 0 }\n' });
  chmodSync(cwd, 0o755);
  const args = ['--bounding-set', right, process.execPath, launcher, 'start'];
  const { status, stderr } = spawnSync('setpriv', args, {
    cwd,
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(stderr).toMatch(said);
  expect(status).toBe(1);
});
