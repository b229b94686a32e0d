/** What the address of a run has beside its id: the step that is looked at. */
export type RunSearch = { readonly step?: number };

/** Reads it. */
export function runSearch({ step }: Readonly<Record<string, unknown>>): RunSearch {
  const number = Number(step);
  return step !== undefined && Number.isInteger(number) && number >= 0 ? { step: number } : {};
}
