/** One wrong setting. `file` is relative to the project root; line and column count from 1. */
export type ConfigProblem = {
  /** Null where the problem came from the environment. */
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  /** The setting (`server.port`) or the environment variable; null where the file as a whole is wrong. */
  readonly setting: string | null;
  /** What is wrong and what is allowed, ending in a period. Holds no secret. */
  readonly message: string;
};

/** The configuration is wrong, so nothing starts. Lists every problem found, in order of the file. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], cause?: unknown) {
    const ordered = problems.toSorted(
      (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    );
    super(ordered.map(describeProblem).join('\n'), cause === undefined ? undefined : { cause });
    this.problems = ordered;
  }
}

function describeProblem({ file, line, column, setting, message }: ConfigProblem): string {
  const place = [file, line, column].filter((part) => part !== null).join(':');
  return [place, setting, message].filter((part) => part).join(': ');
}
