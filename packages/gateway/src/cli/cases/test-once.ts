import { findCases, testsFolder } from '../../cases/case-files.ts';
import type { CheckResult } from '../../cases/generic/check-result.ts';
import type { Endpoint } from '../../cases/generic/endpoint.ts';
import { tryAgent } from '../../cases/generic/try-agent.ts';
import { playCases } from '../../cases/play-cases.ts';
import type { Gateway } from '../../gateway.ts';
import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import type { ShownResults } from './show-report.ts';
import type { TestReport } from './test-report.ts';

/** What is tested, and with what. */
export type Testing = {
  readonly gateway: Gateway;
  readonly endpoint: Endpoint;
  readonly projectRoot: string;
  readonly repeat: number;
  /** One part alone: what every agent has to do, or the cases. */
  readonly only?: 'checks' | 'cases' | undefined;
  /** Whether the upstreams of the project are asked. */
  readonly upstream?: true | undefined;
  /** Why cases that ask a model are not played. */
  readonly skipsLive: string | null;
  readonly signal: AbortSignal;
  /** Told of each as soon as it is known. */
  readonly shown: Pick<ShownResults, 'check' | 'case'>;
};

/** An agent, and what of it is tested: all, or the checks and the cases of these files. */
export type Scope = {
  readonly agent: AgentStatus;
  readonly checks: boolean;
  /** Below the project root; null for all. */
  readonly files: ReadonlySet<string> | null;
};

/** Tests agents once: the checks of each, one agent after the other, and then the cases. */
export async function testOnce(scopes: readonly Scope[], testing: Testing): Promise<TestReport> {
  const { gateway, projectRoot, only } = testing;
  const checks: CheckResult[] = [];
  for (const { agent, checks: isTried } of scopes) {
    if (isTried && only !== 'cases') checks.push(...(await tryOne(agent, testing)));
  }
  const loaded = scopes.filter(({ agent }) => serves(agent));
  const found = await findCases(
    projectRoot,
    loaded.map(({ agent }) => agent),
  );
  const isWanted = (agentId: string, path: string) =>
    loaded.some(({ agent, files }) => agent.id === agentId && (files?.has(path) ?? true));
  const wanted = found.filter(({ agentId, path }) => isWanted(agentId, path));
  const playing = { ...testing, onResult: testing.shown.case };
  const cases = only === 'checks' ? [] : await playCases(wanted, playing);
  const agents = scopes.map(({ agent }) => agent);
  return reportOf(agents, { checks, cases, errors: errorsOf(gateway.diagnostics(), agents) });
}

function tryOne(agent: AgentStatus, testing: Testing): Promise<CheckResult[]> {
  const { gateway, endpoint, projectRoot, upstream = false, signal } = testing;
  return tryAgent(agent, {
    endpoint,
    runs: gateway.trial,
    mayRun: gateway.trial.mayRun,
    testsFolder: testsFolder(projectRoot, agent.module_path),
    isSteady: !upstream,
    signal,
    onResult: testing.shown.check,
  });
}

/** Whether an agent answers, be it as an older version. */
export function serves({ status }: Pick<AgentStatus, 'status'>): boolean {
  return status === 'ready' || status === 'degraded';
}

function errorsOf(
  diagnostics: readonly Diagnostic[],
  agents: readonly AgentStatus[],
): Diagnostic[] {
  const isOfOne = ({ agent_id, module_path }: Diagnostic) =>
    agents.some((one) => one.id === agent_id || one.module_path === module_path);
  return diagnostics.filter((each) => each.severity === 'error' && isOfOne(each));
}

function reportOf(
  agents: readonly AgentStatus[],
  { checks, cases, errors }: Pick<TestReport, 'checks' | 'cases' | 'errors'>,
): TestReport {
  const count = (wanted: CheckResult['result']) =>
    [...checks, ...cases].filter(({ result }) => result === wanted).length;
  return {
    agents: agents.map(({ id, status }) => {
      return { id, status, cases: cases.filter(({ agent }) => agent === id).length };
    }),
    checks,
    cases,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    errors,
  };
}
