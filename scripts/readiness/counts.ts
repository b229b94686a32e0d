import type { RunResult } from './results.ts';

/** How often something succeeded and failed. */
export type Counts = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
};

type TestReport = {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

type Smoke = { readonly asked: number; readonly failures: readonly string[] };

type Audit = {
  readonly parts: readonly {
    readonly name: string;
    readonly findings: readonly unknown[];
    readonly isUnanswered?: boolean;
  }[];
};

type Breaks = { readonly caught: number; readonly survived: number };

/** Tests of the files whose path has one of these texts; a file that could not be loaded failed once. */
export function testCounts({ text }: RunResult, files: readonly string[]): Counts {
  const report = JSON.parse(text) as TestReport;
  const chosen = report.testResults.filter(({ name }) => files.some((part) => name.includes(part)));
  const all = chosen.flatMap(({ assertionResults }) => assertionResults);
  const many = (status: string) => all.filter((one) => one.status === status).length;
  const broken = chosen.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
  ).length;
  const [passed, failed] = [many('passed'), many('failed')];
  return { passed, failed: failed + broken, skipped: all.length - passed - failed };
}

/** Answers of agents that were dropped in. */
export function dropInCounts({ text }: RunResult): Counts {
  const { asked, failures } = JSON.parse(text) as Smoke;
  return { passed: asked - failures.length, failed: failures.length, skipped: 0 };
}

/** Parts of the nightly audit, or one of them; a part with findings failed, one that got no answer tells nothing. */
export function auditCounts({ text }: RunResult, part?: string): Counts {
  const { parts } = JSON.parse(text) as Audit;
  const chosen = parts.filter(({ name }) => part === undefined || name === part);
  const failed = chosen.filter(({ findings }) => findings.length > 0).length;
  const silent = chosen.filter(
    ({ findings, isUnanswered }) => isUnanswered && findings.length === 0,
  );
  return { passed: chosen.length - failed - silent.length, failed, skipped: silent.length };
}

/** Breaks that the suite saw. */
export function breakCounts({ text }: RunResult): Counts {
  const { caught, survived } = JSON.parse(text) as Breaks;
  return { passed: caught, failed: survived, skipped: 0 };
}
