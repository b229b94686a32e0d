import { GatewayError } from '../../errors.ts';
import type { Gateway } from '../../gateway.ts';
import type { TestDifference } from '../../protocol/admin/run-test.ts';
import { type Case, CaseError, type CaseFile } from './case-files.ts';

/** What came of a case. */
export type CaseResult = {
  readonly agent: string;
  /** Of the case: its file without the ending. */
  readonly name: string;
  /** Below the project root. */
  readonly file: string;
  readonly result: 'passed' | 'failed';
  /** How often it was played, and how often the agent did what it has. */
  readonly played: number;
  readonly held: number;
  /** Of the first time that it did not. */
  readonly difference: TestDifference | null;
  /** Why it could not be played. */
  readonly error: string | null;
  readonly duration_ms: number;
};

export type Playing = {
  readonly gateway: Pick<Gateway, 'playTest' | 'playWritten'>;
  /** How often each is played. */
  readonly repeat: number;
  readonly signal: AbortSignal;
  /** Told of each in their order, as soon as all before it are over. */
  readonly onResult: (result: CaseResult) => void;
};

/** Each holds what it reads. */
const AT_ONCE = 4;

/** Plays cases, a few at a time. Rejects with the signal's reason where that is aborted. */
export async function playCases(
  cases: readonly CaseFile[],
  playing: Playing,
): Promise<CaseResult[]> {
  const results: (CaseResult | undefined)[] = [];
  const waiting = [...cases.entries()];
  let told = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, file] = next;
      results[index] = await playCase(file, playing);
      for (let result = results[told]; result; result = results[told]) {
        told += 1;
        playing.onResult(result);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results.filter((result) => result !== undefined);
}

async function playCase(file: CaseFile, playing: Playing): Promise<CaseResult> {
  const startMs = performance.now();
  const about = { agent: file.agentId, name: file.name, file: file.path };
  const came = await playAll(file, playing);
  const isPassed = came.error === null && came.held === came.played;
  const result = isPassed ? 'passed' : 'failed';
  return { ...about, result, ...came, duration_ms: Math.round(performance.now() - startMs) };
}

type Came = Pick<CaseResult, 'played' | 'held' | 'difference' | 'error'>;

async function playAll(file: CaseFile, playing: Playing): Promise<Came> {
  let played = 0;
  let held = 0;
  let difference: TestDifference | null = null;
  try {
    const test = await file.read();
    for (; played < playing.repeat; played += 1) {
      const differs = await playOnce(test, file.agentId, playing);
      if (!differs) held += 1;
      difference ??= differs;
    }
    return { played, held, difference, error: null };
  } catch (error) {
    if (!(error instanceof CaseError || error instanceof GatewayError)) throw error;
    return { played, held, difference, error: error.message };
  }
}

async function playOnce(
  { type, test }: Case,
  agentId: string,
  { gateway, signal }: Playing,
): Promise<TestDifference | null> {
  signal.throwIfAborted();
  const came =
    type === 'recorded'
      ? await gateway.playTest(agentId, test, signal)
      : await gateway.playWritten(agentId, test, signal);
  return came.difference;
}
