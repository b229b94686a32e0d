import type { CheckResult } from '../../cases/generic/check-result.ts';
import type { CaseResult } from '../../cases/play-cases.ts';
import type { AgentState } from '../../protocol/admin/agents-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';

/** What `dropgate test` found; its `--json`. */
export type TestReport = {
  readonly agents: readonly {
    readonly id: string;
    readonly status: AgentState;
    /** How many cases it has. */
    readonly cases: number;
  }[];
  /** What every agent has to do. */
  readonly checks: readonly CheckResult[];
  readonly cases: readonly CaseResult[];
  /** Of checks and cases. */
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What is wrong with the agents themselves. */
  readonly errors: readonly Diagnostic[];
};
