import type { AgentState } from '../../protocol/admin/agents-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { CaseResult } from './play-cases.ts';

/** What `dropgate test` found; its `--json`. */
export type TestReport = {
  readonly agents: readonly {
    readonly id: string;
    readonly status: AgentState;
    /** How many cases it has. */
    readonly cases: number;
  }[];
  readonly cases: readonly CaseResult[];
  readonly passed: number;
  readonly failed: number;
  /** What is wrong with the agents themselves. */
  readonly errors: readonly Diagnostic[];
};
