/** What is read of the report of vitest's JSON reporter. */
type TestReport = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

/**
 * One line that tells how the tests went: `12 passed, 0 failed`, with `, 3 skipped` where some were.
 * A run that failed never reads as "0 failed": a file that could not be loaded counts as one
 * failure, and so does anything else that made vitest fail.
 *
 * @param report - Text of the JSON report; null where none was written.
 */
export function closingLine(report: string | null, exitCode: number): string {
  if (report === null) return `0 passed, ${exitCode === 0 ? 0 : 1} failed`;
  const parsed: TestReport = JSON.parse(report);
  const brokenFiles = parsed.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = parsed.numFailedTests + brokenFiles;
  const skipped = parsed.numPendingTests + parsed.numTodoTests;
  const line = `${parsed.numPassedTests} passed, ${failed === 0 && exitCode !== 0 ? 1 : failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}
