import type { Step } from '../../protocol/journal/steps.ts';
import { modelCallsOf } from './recorded-models.ts';
import type { ModelStep, Recording, ToolStep } from './recording.ts';

/** What becomes of the steps of a record: all are followed, or those before one that is live or edited. */
export type Until = { readonly step: number; readonly edit: string | null } | null;

/** Whether a call of a record is to be made, in place of being answered from there. */
export type IsLive = (step: ModelStep | ToolStep) => boolean;

/**
 * Tells which calls of a record are live. By the ids of calls where they tell it: steps are written down as they were told
 * of, which of a tool may be after the call of the model that it led to.
 */
export async function createLiveFrom(recording: Recording, until: Until): Promise<IsLive> {
  const first = until && recording.steps.find(({ step }) => step === until.step);
  if (!until || !first) return () => false;
  const models = modelCallsOf(recording);
  const boundary = await firstAfter(recording, models, first);
  const before = new Set(models.slice(0, boundary).map(({ step }) => step));
  const wantedBefore = await wantedBy(recording, models.slice(0, boundary));
  return (step) => {
    if (step.step === until.step) return until.edit === null;
    if (step.kind === 'model_call') return !before.has(step.step);
    return step.call_id === null ? step.at_ms >= first.at_ms : !wantedBefore.has(step.call_id);
  };
}

/** Which of the calls of models is the first that comes after a step, or is it. */
async function firstAfter(
  recording: Recording,
  models: readonly ModelStep[],
  first: Step,
): Promise<number> {
  if (first.kind === 'model_call') return models.findIndex(({ step }) => step === first.step);
  const callId = first.kind === 'tool_call' ? first.call_id : null;
  for (const [index, { step, at_ms }] of models.entries()) {
    if (callId === null ? at_ms >= first.at_ms : await tells(recording, step, callId)) return index;
  }
  return models.length;
}

/** Whether the model is told what came of a call. */
async function tells(recording: Recording, step: number, callId: string): Promise<boolean> {
  return (await recording.contentsOf(step)).request?.includes(JSON.stringify(callId)) ?? false;
}

/** Ids of the calls that these answers ask for. */
async function wantedBy(
  recording: Recording,
  models: readonly ModelStep[],
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const { step } of models) {
    const { answer = '' } = await recording.contentsOf(step);
    for (const [, id] of answer.matchAll(/"(?:call_)?id":\s*"([^"\\]+)"/g)) if (id) ids.add(id);
  }
  return ids;
}
