import type { AskedRun, RunRecord } from '../../protocol/journal/journal.ts';
import type { ContentPart, Step } from '../../protocol/journal/steps.ts';

/** What a step held, as far as it is kept; without known secrets. */
export type StepContents = Partial<Readonly<Record<ContentPart, string>>>;

/** What a run did, as the journal has it with contents. */
export type Recording = {
  readonly run: RunRecord;
  readonly asked: AskedRun;
  /** All of them, in order. */
  readonly steps: readonly Step[];
  readonly contentsOf: (step: number) => Promise<StepContents>;
  /** How whoever reads of a step knows it; `step 4` where this is absent. */
  readonly nameOf?: (step: number) => string;
};

/** What a step of a record is called in messages. */
export function nameOfStep({ nameOf }: Pick<Recording, 'nameOf'>, step: number): string {
  return nameOf?.(step) ?? `step ${step}`;
}

export type ModelStep = Extract<Step, { kind: 'model_call' }>;
export type ToolStep = Extract<Step, { kind: 'tool_call' }>;
