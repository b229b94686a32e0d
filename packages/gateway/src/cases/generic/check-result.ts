/** What is tried of every agent, in this order. */
export const checkNames = [
  'loads',
  'listed',
  'described',
  'answers',
  'streams',
  'same_text',
  'tools',
  'leaves',
  'in_time',
] as const;

export type CheckName = (typeof checkNames)[number];

/** What came of one of them. `message` says what is wrong and what to do, or why it was skipped. */
export type CheckResult = {
  readonly agent: string;
  readonly check: CheckName;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly message: string | null;
  readonly duration_ms: number;
};

/** Null where all is well. */
export type Outcome = { readonly failed: string } | { readonly skipped: string } | null;
