import { expect, test } from 'vitest';
import { closingLine } from './closing-line.ts';

const passedFile = { status: 'passed', assertionResults: [{ status: 'passed' }] };

function report(counts: Record<string, number>, files: readonly object[] = [passedFile]): string {
  const zeros = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  return JSON.stringify({ ...zeros, ...counts, testResults: files });
}

test('tells what passed and failed', () => {
  expect(closingLine(report({ numPassedTests: 12 }), 0)).toBe('12 passed, 0 failed');
});

test('names skipped tests only where there are some', () => {
  const counts = { numPassedTests: 5, numPendingTests: 2, numTodoTests: 1 };
  expect(closingLine(report(counts), 0)).toBe('5 passed, 0 failed, 3 skipped');
});

test('counts a file that could not be loaded as a failure', () => {
  const broken = { status: 'failed', assertionResults: [] };
  const line = closingLine(report({ numPassedTests: 4 }, [passedFile, broken]), 1);
  expect(line).toBe('4 passed, 1 failed');
});

test('counts a file with failed tests by its tests alone', () => {
  const failing = {
    status: 'failed',
    assertionResults: [{ status: 'failed' }, { status: 'failed' }],
  };
  const line = closingLine(report({ numPassedTests: 1, numFailedTests: 2 }, [failing]), 1);
  expect(line).toBe('1 passed, 2 failed');
});

test('never says "0 failed" of a run that failed otherwise', () => {
  expect(closingLine(report({ numPassedTests: 9 }), 1)).toBe('9 passed, 1 failed');
  expect(closingLine(null, 1)).toBe('0 passed, 1 failed');
});
