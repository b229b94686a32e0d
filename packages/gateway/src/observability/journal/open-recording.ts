import type { AskedRun, JournalStore, RunRecord } from '../../protocol/journal/journal.ts';
import type { Step } from '../../protocol/journal/steps.ts';
import { type StepContent, unpackContents } from './pack-contents.ts';

/** What a run did, with what its steps held. */
export type OpenedRecording = {
  readonly run: RunRecord;
  readonly asked: AskedRun;
  readonly steps: readonly Step[];
  readonly contentsOf: (step: number) => Promise<Partial<Record<StepContent['part'], string>>>;
};

/** Opens the journal of runs. */
export type OpenRecording = {
  /** Null where there is no such run. */
  readonly find: (runId: string) => Promise<RunRecord | null>;
  /** Null where what it held, or what it was asked, is not kept. */
  readonly open: (run: RunRecord) => Promise<OpenedRecording | null>;
};

/** Chunks that are read at once. */
const CHUNKS = 200;

/** Chunks whose contents are held: most are asked for in order. */
const MAX_UNPACKED = 4;

/** @param deps.flush - Writes what is not written yet. */
export function createOpenRecording(deps: {
  readonly store: Pick<JournalStore, 'find' | 'chunks'>;
  readonly flush: () => Promise<void>;
}): OpenRecording {
  return {
    async find(runId) {
      await deps.flush();
      return deps.store.find(runId);
    },
    async open(run) {
      if (run.recorded !== 'contents') return null;
      const { steps, starts } = await allSteps(deps.store, run.id);
      const contentsOf = createContents(deps.store, run.id, starts);
      const input = steps.find(({ kind }) => kind === 'input');
      const text = input && (await contentsOf(input.step)).input;
      return text === undefined
        ? null
        : { run, asked: JSON.parse(text) as AskedRun, steps, contentsOf };
    },
  };
}

/** Steps in order, and the first of each chunk that they are kept in. */
async function allSteps(store: Pick<JournalStore, 'chunks'>, runId: string) {
  const steps: Step[] = [];
  const starts: number[] = [];
  for (;;) {
    const page = { fromStep: steps.length, limit: CHUNKS, stepsOnly: true } as const;
    const chunks = await store.chunks(runId, page);
    const before = steps.length;
    for (const chunk of chunks) {
      if (chunk.firstStep < steps.length) continue;
      starts.push(chunk.firstStep);
      steps.push(...(JSON.parse(chunk.steps) as Step[]));
    }
    if (steps.length === before) return { steps, starts };
  }
}

type Contents = ReadonlyMap<number, Partial<Record<StepContent['part'], string>>>;

function createContents(
  store: Pick<JournalStore, 'chunks'>,
  runId: string,
  starts: readonly number[],
): OpenedRecording['contentsOf'] {
  const unpacked = new Map<number, Promise<Contents>>();
  return async (step) => {
    const start = starts.findLast((each) => each <= step);
    if (start === undefined) return {};
    const held = unpacked.get(start) ?? readContents(store, runId, start);
    // The one that was asked for last is the last to go.
    unpacked.delete(start);
    unpacked.set(start, held);
    const [oldest] = unpacked.keys();
    if (unpacked.size > MAX_UNPACKED && oldest !== undefined) unpacked.delete(oldest);
    return (await held).get(step) ?? {};
  };
}

async function readContents(
  store: Pick<JournalStore, 'chunks'>,
  runId: string,
  fromStep: number,
): Promise<Contents> {
  const [chunk] = await store.chunks(runId, { fromStep, limit: 1 });
  const packed = chunk?.contents ?? null;
  const contents = new Map<number, Partial<Record<StepContent['part'], string>>>();
  for (const { step, part, text } of packed ? await unpackContents(packed) : []) {
    contents.set(step, { ...contents.get(step), [part]: text });
  }
  return contents;
}
