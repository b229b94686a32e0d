import type { Machine } from './machine.ts';

/** A machine in a few words. */
export function machineText({ cores, cpu, memory_mb, load_average_before }: Machine): string {
  const memory = memory_mb === undefined ? '' : `, ${(memory_mb / 1024).toFixed(0)} GB of memory`;
  const load =
    load_average_before === null ? '' : `, load average before ${load_average_before.toFixed(1)}`;
  return `${cores} cores (${cpu})${memory}${load}`;
}

/** Versions in a few words. */
export function versionsText(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}
