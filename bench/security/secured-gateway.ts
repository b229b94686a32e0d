import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Target } from '../load.ts';
import type { Server } from '../processes.ts';
import { startScript, stop } from '../processes.ts';
import { createBenchProject } from '../reload/bench-gateway.ts';
import { profiling } from './profiled-process.ts';

const launcher = resolve(import.meta.dirname, '../../packages/gateway/bin/dropgate.cjs');

/** A gateway with the bench's agent, as seen with two keys. */
export type SecuredGateway = {
  readonly server: Server;
  /** With a key that has no limits. */
  readonly free: Target;
  /** With a key whose requests, runs and tokens are counted; it never comes near its limits. */
  readonly limited: Target;
  /** Puts other rules in place of those that hold. */
  readonly setRules: (rules: readonly unknown[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Starts `dropgate start` in a project of its own and waits until it listens. */
export async function startSecuredGateway(
  upstreamEnv: Readonly<Record<string, string>>,
): Promise<SecuredGateway> {
  const project = createBenchProject();
  cpSync(join(import.meta.dirname, '../agents'), join(project.root, 'src/agents'), {
    recursive: true,
  });
  // JSON is YAML.
  const writeRules = (rules: readonly unknown[]) =>
    project.write('gateway.yaml', JSON.stringify({ security: { rules } }));
  writeRules([]);
  const limits = [
    '--requests-per-minute=1000000',
    '--concurrent-runs=1000',
    '--tokens-per-day=100000000000',
    '--tokens-per-month=100000000000',
  ];
  const admin = await createKey(project.root, ['--role', 'admin']);
  const free = await createKey(project.root, ['--role', 'caller']);
  const limited = await createKey(project.root, ['--role', 'caller', ...limits]);
  const server = await startScript([...profiling, launcher, 'start'], {
    cwd: project.root,
    channel: 'ipc',
    env: { ...upstreamEnv, GATEWAY_PORT: '0', GATEWAY_UPSTREAM_API: 'responses' },
  });
  const { url } = JSON.parse(server.firstLine) as { url: string };
  const target = (key: string): Target => ({
    url,
    headers: { authorization: `Bearer ${key}` },
    model: 'default/bench',
  });
  return {
    server,
    free: target(free),
    limited: target(limited),
    async setRules(rules) {
      writeRules(rules);
      const headers = { authorization: `Bearer ${admin}` };
      const answer = await fetch(`${url}/security/refresh`, { method: 'POST', headers });
      const text = await answer.text();
      if (!answer.ok || text.includes('"kept":true')) throw new Error(`Rules: ${text}`);
    },
    async stop() {
      await stop(server);
      project.remove();
    },
  };
}

async function createKey(root: string, options: readonly string[]): Promise<string> {
  const args = [launcher, 'keys', 'create', '--json', ...options];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return (JSON.parse(stdout) as { key: string }).key;
}
