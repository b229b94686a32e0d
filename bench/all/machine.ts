import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { pythonWithSdk } from '../runs/python-with-sdk.ts';

/** What figures were measured on. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  /** In MiB; left out where it was not kept. */
  readonly memory_mb?: number;
  /** Left out where it was not kept. */
  readonly linux?: string;
  /** The average of the last minute; `null` where it was not kept. */
  readonly load_average_before: number | null;
};

const root = resolve(import.meta.dirname, '../..');

/** This machine, and how busy it is now. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    memory_mb: Math.round(totalmem() / 2 ** 20),
    linux: release(),
    load_average_before: loadavg()[0] ?? 0,
  };
}

/** What runs here: Node, Dropgate and the SDK, and Python with its SDK where it is there. */
export function versions(): Record<string, string> {
  const python = pythonWithSdk();
  return {
    Node: process.versions.node,
    dropgate: packageVersion('packages/gateway/package.json'),
    '@openai/agents': packageVersion('node_modules/@openai/agents/package.json'),
    ...(python ? pythonVersions(python) : {}),
  };
}

/** The commit that is checked out; `null` where git does not tell. */
export function commit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

function packageVersion(path: string): string {
  return (JSON.parse(readFileSync(join(root, path), 'utf8')) as { version: string }).version;
}

function pythonVersions(python: string): Record<string, string> {
  const script =
    'import importlib.metadata as m, platform; print(platform.python_version(), m.version("openai-agents"))';
  const [version = '', sdk = ''] = execFileSync(python, ['-c', script], { encoding: 'utf8' })
    .trim()
    .split(' ');
  return { Python: version, 'openai-agents': sdk };
}
