import type { ProcessUser } from '../../system/processes.ts';
import type { Traces } from './leftovers.ts';

/** How a worker's process is started, and what it is held to. */
export type WorkerProcessOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Null for the gateway's own. */
  readonly user: ProcessUser | null;
  /** Whether `command` is the door of a sandbox, which tells a signal as an exit code. */
  readonly isInside?: boolean;
  readonly stallTimeoutMs: number;
  /** Of it and all its children. */
  readonly memoryLimitMb: number;
  readonly processLimit: number;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Told at its start, and when a child leaves its session. */
  readonly onTraces?: (traces: Traces) => void;
};
