import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import { CaseError } from '../read-value.ts';
import { type Asked, answersInTime, answersWhole, sameText, streams } from './answers.ts';
import { type CheckName, type CheckResult, checkNames, type Outcome } from './check-result.ts';
import { checkTools } from './check-tools.ts';
import { describeAgent, listAgent, loads } from './describe-agent.ts';
import type { Endpoint } from './endpoint.ts';
import { defaultSettings, type GenericSettings, readGenericSettings } from './generic-settings.ts';
import { leaveAgent, type Runs } from './leave-agent.ts';

/** How long a list of agents may take. */
const LIST_WITHIN_MS = 30_000;

/** What an agent is tried with. */
export type Trial = {
  readonly endpoint: Endpoint;
  readonly runs: Runs;
  /** Whether rules let the key see and run an agent. */
  readonly mayRun: (agentId: string) => boolean;
  /** Beside the agent; it need not exist. */
  readonly testsFolder: string;
  /** Whether its model answers the same to the same. */
  readonly isSteady: boolean;
  readonly signal: AbortSignal;
  readonly onResult: (result: CheckResult) => void;
};

/**
 * Tries an agent as callers would use it. A check that cannot be made is skipped, and says why. Rejects with the reason
 * of the signal.
 */
export async function tryAgent(agent: AgentStatus, trial: Trial): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const asked = await startAsking(agent, trial);
  let stopped: string | null = null;
  for (const check of checkNames) {
    trial.signal.throwIfAborted();
    const startMs = performance.now();
    const outcome = stopped === null ? await make(check, asked) : { skipped: stopped };
    stopped ??= stopAfter(check, outcome);
    if (!trial.mayRun(agent.id)) stopped ??= noRule;
    const duration_ms = Math.round(performance.now() - startMs);
    const result = { agent: agent.id, check, ...told(outcome), duration_ms };
    results.push(result);
    trial.onResult(result);
  }
  return results;
}

const noRule =
  'Rules do not let an administrator see and run it. `dropgate security preview` tells which.';

type Trying = Asked & {
  readonly agent: AgentStatus;
  readonly trial: Trial;
  /** Why the file about it cannot be read. */
  readonly wrong: string | null;
  readonly skip: GenericSettings['skip'];
};

async function startAsking(agent: AgentStatus, trial: Trial): Promise<Trying> {
  const { endpoint, signal } = trial;
  const about = { agent, trial, agentId: agent.id, endpoint, signal, slowestMs: 0 };
  try {
    const { message, max_seconds, skip } = await readGenericSettings(trial.testsFolder);
    return { ...about, message, maxMs: max_seconds * 1000, skip, wrong: null };
  } catch (error) {
    if (!(error instanceof CaseError)) throw error;
    const { message, max_seconds } = defaultSettings();
    return { ...about, message, maxMs: max_seconds * 1000, skip: {}, wrong: error.message };
  }
}

async function make(check: CheckName, trying: Trying): Promise<Outcome> {
  const { agent, trial, wrong, skip = {} } = trying;
  if (check === 'loads') return loads(agent);
  const reason = typeof skip === 'string' ? skip : skip[check];
  if (reason !== undefined) return { skipped: reason };
  const asking = { ...trial.endpoint, signal: trial.signal, maxMs: LIST_WITHIN_MS };
  switch (check) {
    case 'listed':
      return listAgent(agent, asking);
    case 'described':
      return describeAgent(agent, asking);
    case 'answers':
      return wrong === null ? answersWhole(trying) : { failed: wrong };
    case 'streams':
      return streams(trying);
    case 'same_text':
      return trial.isSteady
        ? sameText(trying)
        : { skipped: 'A real model says it otherwise each time.' };
    case 'tools':
      return trying.streamed ? checkTools(trying.streamed) : { skipped: 'Nothing was streamed.' };
    case 'leaves':
      return leaveAgent(trying, trial.runs);
    case 'in_time':
      return answersInTime(trying);
    default:
      return check satisfies never;
  }
}

/** Why the checks after this one would say nothing more. */
function stopAfter(check: CheckName, outcome: Outcome): string | null {
  if (outcome === null) return null;
  const isFailed = 'failed' in outcome;
  if (check === 'loads' && isFailed) return 'It does not load.';
  if (check !== 'answers') return null;
  return isFailed ? 'It gives no answer.' : outcome.skipped;
}

function told(outcome: Outcome): Pick<CheckResult, 'result' | 'message'> {
  if (outcome === null) return { result: 'passed', message: null };
  return 'failed' in outcome
    ? { result: 'failed', message: outcome.failed }
    : { result: 'skipped', message: outcome.skipped };
}
