import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';
import type { Results } from './results.ts';

/** What the figures were measured on. */
export function machine(): Omit<Results['machine'], 'load_average_before'> {
  const python = execFileSync('python3', ['--version'], { encoding: 'utf8' }).trim();
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    node: process.versions.node,
    python: python.replace('Python ', ''),
    linux: release(),
  };
}
