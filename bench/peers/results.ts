import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../all/machine.ts';

/** Where the figures of the last full run are kept. */
export const resultsFile = join(import.meta.dirname, '../results/peers.json');

/** Median, least and greatest of the rounds. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number };

/** Kinds of runs that are measured, in the order of a visit. */
export const shapeNames = [
  'whole_16',
  'streamed_16',
  'paced_16',
  'whole_64',
  'streamed_64',
  'whole_1',
] as const;

export type ShapeName = (typeof shapeNames)[number];

/** What one peer did in one shape. */
export type ShapeResult = {
  /** Of all rounds. */
  readonly runs: number;
  readonly errors: number;
  readonly first_error: string | null;
  readonly runs_per_second: Spread;
  /** Of the whole tree of processes. */
  readonly cpu_ms_per_run: Spread;
  readonly p50_ms: Spread;
  readonly p99_ms: Spread;
  /** `null` of whole runs. */
  readonly first_text_p50_ms: Spread | null;
  /** Against Dropgate with agents of the same language in the same round; `null` where it was not measured. */
  readonly to_dropgate: { readonly cpu: Spread; readonly runs: Spread } | null;
};

export type PeerResult = {
  readonly name: string;
  readonly title: string;
  readonly language: 'JavaScript' | 'Python';
  readonly is_model_proxy: boolean;
  readonly versions: Readonly<Record<string, string>>;
  /** From the start of the process to its second right answer; others were starting at the same time. */
  readonly ready_ms: number;
  /** Of a streamed answer of 50 deltas that the upstream sends together. */
  readonly events_with_text: number;
  /** Of one whose deltas come with a pause before each. */
  readonly events_with_text_paced?: number;
  readonly warmed: { readonly runs: number; readonly seconds: number };
  /** Those that it was asked for: one that is slow is not asked for many at a time. */
  readonly shapes: Readonly<Partial<Record<ShapeName, ShapeResult>>>;
  /** Of the tree of processes, after the last round. */
  readonly memory: {
    readonly processes: number;
    readonly private_mb: number;
    readonly rss_mb: number;
  };
};

export type Results = {
  readonly measured_at: string;
  /** What was checked out; `null` where git does not tell. */
  readonly commit?: string | null;
  readonly command: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds_of_a_visit: Readonly<Partial<Record<ShapeName, number>>>;
  readonly peers: readonly PeerResult[];
  /** Those that could not be measured, and what they said. */
  readonly skipped: readonly { readonly title: string; readonly message: string }[];
};

/** The committed figures; `null` where there are none yet. */
export function readResults(): Results | null {
  try {
    return JSON.parse(readFileSync(resultsFile, 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
