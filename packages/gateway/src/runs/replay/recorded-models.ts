import type { Difference } from '../../protocol/admin/replay-answer.ts';
import { requestHash } from '../../protocol/journal/request-hash.ts';
import { changesBetween, parsed, withoutResults } from './compare.ts';
import { type ModelStep, nameOfStep, type Recording } from './recording.ts';

/** A step of the record that fits what is asked, or what differs. */
export type FoundCall =
  | { readonly type: 'found'; readonly step: ModelStep }
  | { readonly type: 'differs'; readonly difference: Difference };

/** The calls of models that a record has, each of which is found once. */
export type RecordedModels = {
  readonly find: (body: Buffer) => Promise<FoundCall>;
  /** The first that was not asked for. */
  readonly left: () => ModelStep | null;
};

/** Calls at the same time are compared with so many of the record. */
const MAX_BESIDE = 16;

/**
 * @param known.hide - Takes secrets out of a request, as they were taken out of the record.
 * @param known.givenResults - Calls of tools whose results came from the record.
 */
export function createRecordedModels(
  recording: Recording,
  known: {
    readonly hide: (text: string) => string;
    readonly givenResults: ReadonlySet<string>;
  },
): RecordedModels {
  const calls = modelCallsOf(recording);
  const take = (step: ModelStep): FoundCall => {
    calls.splice(calls.indexOf(step), 1);
    return { type: 'found', step };
  };
  const requestOf = async ({ step }: ModelStep) =>
    withoutResults(
      parsed((await recording.contentsOf(step)).request ?? 'null'),
      known.givenResults,
    );

  return {
    left: () => calls[0] ?? null,
    async find(body) {
      const [first] = calls;
      const hash = requestHash(body);
      const same = calls.find(({ request_hash }) => request_hash === hash);
      if (same) return take(same);
      const asked = withoutResults(parsed(known.hide(body.toString())), known.givenResults);
      for (const step of besides(calls)) {
        const isSame = changesBetween(await requestOf(step), asked).length === 0;
        // Another call may have found it meanwhile.
        if (isSame && calls.includes(step)) return take(step);
      }
      if (!first) return { type: 'differs', difference: oneMore(recording) };
      const changes = changesBetween(await requestOf(first), asked);
      const place = nameOfStep(recording, first.step);
      const message = `The request to the model differs from the one in ${place}.`;
      const difference = { step: first.step, kind: 'model_call', message, changes } as const;
      return { type: 'differs', difference };
    },
  };
}

/** The calls of models that a run made, in the order in which they began; not what else it asked of its upstream. */
export function modelCallsOf({ steps }: Pick<Recording, 'steps'>): ModelStep[] {
  return steps
    .filter((step) => step.kind === 'model_call')
    .filter(({ path }) => path === '/v1/responses' || path === '/v1/chat/completions')
    .toSorted((one, other) => one.at_ms - other.at_ms);
}

/** The first call, and those that began before it was over. */
function besides([first, ...others]: readonly ModelStep[]): ModelStep[] {
  if (!first) return [];
  const overMs = first.at_ms + (first.duration_ms ?? 0);
  return [first, ...others.slice(0, MAX_BESIDE).filter(({ at_ms }) => at_ms < overMs)];
}

function oneMore({ run: { outcome } }: Recording): Difference {
  const why = outcome === 'finished' ? '' : ` It ended there (${outcome}).`;
  const message = `The model is asked once more than in the record.${why}`;
  return { step: null, kind: 'model_call', message, changes: [] };
}
