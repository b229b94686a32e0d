import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { pathWithDropgate } from '../support/built-gateway.ts';
import { launcher } from '../support/cli-process.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

let project: Project;

beforeAll(async () => {
  project = await createProject({ 'gateway.yaml': 'worker: { spares: 0 }\n' });
});
afterAll(() => project?.remove());

/** A gateway whose log goes into pipes that nobody reads until the test does. */
async function startUnread(args: readonly string[]) {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: project.root,
    env: { PATH: pathWithDropgate(), HOME: process.env.HOME ?? '', GATEWAY_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    // What is still in them would keep this process alive.
    child.stdout.destroy();
    child.stderr.destroy();
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const url = await until('the gateway', async () => {
    try {
      const text = readFileSync(join(project.root, '.dropgate/gateway.json'), 'utf8');
      const { pid, address } = JSON.parse(text) as { pid: number; address: string };
      return pid === child.pid && (await fetch(new URL('/readyz', address))).ok && address;
    } catch {
      return null;
    }
  });
  /** More than a pipe takes by itself. */
  const flood = async () => {
    const path = `/${'x'.repeat(300)}`;
    for (let round = 0; round < 80; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, async () => (await fetch(new URL(path, url))).status),
      );
      expect(answers).toEqual(Array.from({ length: 10 }, () => 401));
    }
  };
  return { child, ended, flood };
}

test.each(['start', 'dev'])(
  'a log of `%s` that nobody reads holds up neither requests nor the end',
  async (command) => {
    const { child, ended, flood } = await startUnread([command]);
    await flood();
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  },
);
