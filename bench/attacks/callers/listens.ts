import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const launcher = resolve(import.meta.dirname, '../../../packages/gateway/bin/dropgate.cjs');
const patienceMs = 30_000;

/** Whether a command serves in a project without keys, with an environment; one that does is ended. */
export async function listens(
  root: string,
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  const file = join(root, '.dropgate/gateway.json');
  rmSync(file, { force: true });
  const child = spawn(process.execPath, [launcher, command], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', HOME: root, GATEWAY_PORT: '0', ...env },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const deadline = performance.now() + patienceMs;
  let serves = false;
  while (child.exitCode === null && performance.now() < deadline) {
    serves = existsSync(file);
    if (serves) break;
    await wait(50);
  }
  child.kill('SIGTERM');
  await ended;
  return serves;
}
