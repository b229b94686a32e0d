/** Whether the files of the console are there: in a clone they are built on the first visit. */
export type ConsoleBuild =
  | { readonly state: 'built' }
  | { readonly state: 'building' }
  /** `output`: what the build printed last. */
  | { readonly state: 'failed'; readonly output: string };
