import type { FailureContext } from '../explain/failure-context.ts';

/** What is told of a file as a script. */
export type Told = Pick<FailureContext, 'sources'> & {
  /** Name of the entry. */
  readonly file: string;
  readonly isCommonJs: () => boolean;
};

/** The condition that holds where the file itself is the program. */
export function guard({ isCommonJs }: Told): string {
  return isCommonJs()
    ? 'if (require.main === module) { … }'
    : 'if (process.argv[1] === import.meta.filename) { … }';
}
