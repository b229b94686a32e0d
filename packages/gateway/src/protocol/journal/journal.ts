import { randomUUID } from 'node:crypto';
import type { RunContext, RunInput, Usage } from '../run.ts';

/** How a run ends: `blocked` by a guardrail, `interrupted` where it waits for an approval. */
export const runOutcomes = ['finished', 'blocked', 'failed', 'cancelled', 'interrupted'] as const;

export type RunOutcome = (typeof runOutcomes)[number];

/** How much of a run is kept: nothing, its steps, or also what models and tools were asked and answered. */
export const recordLevels = ['off', 'steps', 'contents'] as const;

export type RecordLevel = (typeof recordLevels)[number];

/** What a run was asked to do, and of what: as much as it takes to ask it again. */
export type AskedRun = {
  readonly input: RunInput;
  readonly context: RunContext;
  readonly maxTurns: number | null;
  /** SHA-256 over the files of its generation: numbers are those of one machine. Null where it is not known. */
  readonly filesHash: string | null;
};

/** A run as kept. Ids of runs begin with the time, so that they sort by it. */
export type RunRecord = {
  readonly id: string;
  /** Unix milliseconds. */
  readonly startedMs: number;
  readonly requestId: string;
  readonly keyId: string;
  /** For whom of its key's users, as the request said; null where it did not. */
  readonly user: string | null;
  readonly agentId: string;
  readonly modulePath: string;
  readonly generation: number;
  /** The run whose record answered it; null of one that was live from its start. */
  readonly replayOf: string | null;
  /** The run that waited for a person and that it goes on with; null of any other. */
  readonly resumes: string | null;
  /** Which of the gateways on one store made it; null where there is one alone. */
  readonly gateway: string | null;
  /** `lost` where its gateway was killed. */
  readonly outcome: 'running' | 'lost' | RunOutcome;
  readonly code: string | null;
  /** Null while it runs, as the next one. */
  readonly durationMs: number | null;
  readonly usage: Usage | null;
  readonly recorded: Exclude<RecordLevel, 'off'>;
  readonly steps: number;
  /** What its steps take in the store, about. */
  readonly bytes: number;
  /** What its model calls cost so far, of those whose price is known, in thousand-millionths of a US dollar. */
  readonly costNanoUsd: number;
  /** Its model calls whose price nobody knows. */
  readonly unpricedCalls: number;
};

/** Steps of a run that were written together. */
export type StepChunk = {
  readonly runId: string;
  /** Number of the first of them, from 0. */
  readonly firstStep: number;
  /** Steps as JSON: a list. */
  readonly steps: string;
  /** What they held, packed; null where nothing of it is kept. */
  readonly contents: Uint8Array | null;
};

/** Filters of the runs; all given ones must fit. Newest first. */
export type RunQuery = {
  readonly agentId?: string;
  readonly keyId?: string;
  readonly user?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly requestId?: string;
  readonly replayOf?: string;
  readonly resumes?: string;
  /** Unix milliseconds: begun at or after it. */
  readonly sinceMs?: number;
  /** Over, after so long or longer. */
  readonly minDurationMs?: number;
  /** Id of the last run of the page before. */
  readonly after?: string;
  readonly limit: number;
};

/** The journal: what runs did, step by step. */
export type JournalStore = {
  /** Adds or replaces runs, and adds steps, all or nothing. What was added before is left as it is. */
  write(batch: {
    readonly runs: readonly RunRecord[];
    readonly chunks: readonly StepChunk[];
  }): Promise<void>;
  list(query: RunQuery): Promise<readonly RunRecord[]>;
  find(runId: string): Promise<RunRecord | null>;
  /** Chunks of a run in order, from the one that holds this step on. */
  chunks(
    runId: string,
    page: {
      readonly fromStep: number;
      readonly limit: number;
      /** Leaves out what the steps held, as if nothing of it were kept. */
      readonly stepsOnly?: true;
    },
  ): Promise<readonly StepChunk[]>;
  /** Notes that runs which still count as running were lost. */
  lose(): Promise<void>;
  /** Notes that a gateway lives, in Unix milliseconds, and since when. */
  beat(gateway: {
    readonly id: string;
    readonly sinceMs: number;
    readonly nowMs: number;
  }): Promise<void>;
  /** Forgets a gateway, none of whose runs goes on. */
  leave(gatewayId: string): Promise<void>;
  /** Notes that the runs of gateways that were not heard of since a time were lost. */
  loseOfSilent(sinceMs: number): Promise<void>;
  /** Removes what began before a time, and the oldest beyond so many bytes. @returns How many runs. */
  prune(limits: { readonly beforeMs: number; readonly keepBytes: number }): Promise<number>;
};

/** The part of a run's id that tells when it began: 11 hexadecimal digits. */
export function runIdTime(ms: number): string {
  return Math.max(0, Math.floor(ms)).toString(16).padStart(11, '0');
}

/** An id for a run that begins now. */
export function newRunId(): string {
  // The time first, so that a store finds and removes them in order. Node draws many of these at once.
  return `run_${runIdTime(Date.now())}${randomUUID().replaceAll('-', '').slice(-13)}`;
}
