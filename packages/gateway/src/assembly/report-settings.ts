import { join } from 'node:path';
import type { LiveConfig } from '../config/live-config.ts';
import type { Emit } from '../events.ts';
import { unmatchedNames } from '../policy/review/unmatched-names.ts';
import type { Finding } from '../protocol/diagnostics.ts';

/** What is wrong with the settings, of which each report takes the place of the one before. */
export type ReportSettings = {
  /** After each reading, with what that found. */
  readonly read: (findings: readonly Finding[]) => void;
  /** After each look at the folders, with the agents that there are: reports where that changes what is wrong. */
  readonly scanned: (agentIds: readonly string[]) => void;
};

/** Reports nothing before it is told something. */
export function createReportSettings({
  live,
  emit,
}: {
  readonly live: LiveConfig;
  readonly emit: Emit;
}): ReportSettings {
  let ofReading: readonly Finding[] = [];
  let agentIds: readonly string[] = [];
  let told = '[]';
  const unmatched = () => {
    const { givenVariables, security, configFile, projectRoot } = live.current();
    const patterns = givenVariables.map(({ agents }) => agents);
    const file = configFile ?? join(projectRoot, 'gateway.yaml');
    return unmatchedNames({ patterns, security }, agentIds, file);
  };
  const report = (ofAgents: readonly Finding[]) => {
    told = JSON.stringify(ofAgents);
    const about = { agentId: null, modulePath: live.path, servingGeneration: null };
    emit({ type: 'findings_reported', ...about, findings: [...ofReading, ...ofAgents] });
  };
  return {
    read(findings) {
      ofReading = findings;
      report(unmatched());
    },
    scanned(ids) {
      agentIds = ids;
      const ofAgents = unmatched();
      if (JSON.stringify(ofAgents) !== told) report(ofAgents);
    },
  };
}
