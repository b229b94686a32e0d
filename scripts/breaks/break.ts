/** What a break is of; each has three or more, in both languages. */
export const capabilities = [
  'discovery',
  'streaming',
  'policy',
  'bridge',
  'replay',
  'reload',
] as const;

/** What has a few as well. */
export const otherCapabilities = [
  'dependencies',
  'metering',
  'isolation',
  'idempotency',
  'console',
] as const;

/** One small mistake that somebody could make, and the tests that have to notice it. */
export type Break = {
  /** Unique, in kebab-case; `--only` takes it. */
  readonly id: string;
  readonly capability: (typeof capabilities)[number] | (typeof otherCapabilities)[number];
  /** What goes wrong, as a sentence without an end. */
  readonly what: string;
  /** Below `packages/gateway`, as all paths here. */
  readonly file: string;
  /** Stands once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Files of tests; one of them has to fail. */
  readonly tests: readonly string[];
  /** Of their tests only those whose full title fits this regular expression are run. */
  readonly titles?: string;
};

/** The folder that paths of breaks begin in, below the workspace. */
export const packageFolder = 'packages/gateway';

/** The language of the source that is broken. */
export function languageOf({ file }: Pick<Break, 'file'>): 'TypeScript' | 'Python' {
  return file.endsWith('.py') ? 'Python' : 'TypeScript';
}

/**
 * The text with the mistake in it.
 *
 * @throws where the text to replace does not stand in it exactly once: then the break has to follow the code.
 */
export function broken(text: string, { id, file, find, replace }: Break): string {
  const times = text.split(find).length - 1;
  if (times === 1) return text.replace(find, () => replace);
  const found = times === 0 ? 'is not in' : `stands ${times} times in`;
  throw new Error(
    `The text of the break ${id} ${found} ${file}. Write the text that is there now in its \`find\`, in scripts/breaks/known.`,
  );
}
