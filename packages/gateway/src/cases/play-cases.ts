import { GatewayError } from '../errors.ts';
import type { PlayedTest, RunTest, TestDifference } from '../protocol/admin/run-test.ts';
import type { WrittenTest } from '../protocol/admin/written-test.ts';
import type { Case, CaseFile } from './case-files.ts';
import { CaseError } from './read-value.ts';

/** What came of a case. */
export type CaseResult = {
  readonly agent: string;
  /** Of the case: its file without the ending. */
  readonly name: string;
  /** Below the project root. */
  readonly file: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** How often it was played, and how often the agent did what it has. */
  readonly played: number;
  readonly held: number;
  /** Of the first time that it did not. */
  readonly difference: TestDifference | null;
  /** Why it could not be played. */
  readonly error: string | null;
  /** Why it was not played. */
  readonly skipped: string | null;
  readonly duration_ms: number;
};

/** Runs agents by cases. Both throw `GatewayError` where one cannot run, and the signal's reason where that is aborted. */
export type PlaysCases = {
  readonly playTest: (agentId: string, test: RunTest, signal: AbortSignal) => Promise<PlayedTest>;
  readonly playWritten: (
    agentId: string,
    test: WrittenTest,
    signal: AbortSignal,
  ) => Promise<PlayedTest>;
};

export type Playing = {
  readonly gateway: PlaysCases;
  /** How often each is played. */
  readonly repeat: number;
  /** Why cases that ask a model, and bring no answers of it, are not played; null where they are. */
  readonly skipsLive: string | null;
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
  return {
    ...about,
    result: resultOf(came),
    ...came,
    duration_ms: Math.round(performance.now() - startMs),
  };
}

type Came = Pick<CaseResult, 'played' | 'held' | 'difference' | 'error' | 'skipped'>;

function resultOf({ error, skipped, held, played }: Came): CaseResult['result'] {
  if (skipped !== null) return 'skipped';
  return error === null && held === played ? 'passed' : 'failed';
}

const none = { played: 0, held: 0, difference: null, error: null, skipped: null };

async function playAll(file: CaseFile, playing: Playing): Promise<Came> {
  let played = 0;
  let held = 0;
  let difference: TestDifference | null = null;
  try {
    const read = await file.read();
    const isLive = read.type === 'written' && read.test.model === undefined;
    const { skipsLive } = playing;
    const test = isLive && skipsLive !== null ? withoutModel(read) : read;
    for (; played < playing.repeat; played += 1) {
      const differs = await playOnce(test, file.agentId, playing);
      if (test !== read && differs?.place === 'model') return { ...none, skipped: skipsLive };
      if (!differs) held += 1;
      difference ??= differs;
    }
    return { ...none, played, held, difference };
  } catch (error) {
    if (!(error instanceof CaseError || error instanceof GatewayError)) throw error;
    return { ...none, played, held, difference, error: error.message };
  }
}

/** An agent may need none. */
function withoutModel(written: Extract<Case, { type: 'written' }>): Case {
  return { type: 'written', test: { ...written.test, model: [] } };
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
