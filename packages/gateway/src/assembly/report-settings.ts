import { join } from 'node:path';
import type { LiveConfig } from '../config/live-config.ts';
import type { Emit } from '../events.ts';
import { unmatchedNames } from '../policy/review/unmatched-names.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { SourceProblem } from '../tools/live-tools.ts';

/** What is wrong with the settings, of which each report takes the place of the one before. */
export type ReportSettings = {
  /** After each reading, with what that found. */
  readonly read: (findings: readonly Finding[]) => void;
  /** After each look at the folders, with the agents that there are: reports where that changes what is wrong. */
  readonly scanned: (agentIds: readonly string[]) => void;
  /** With what is wrong with sources of tools, whenever that changes. */
  readonly toolsChanged: (problems: readonly SourceProblem[]) => void;
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
  let ofTools: readonly Finding[] = [];
  let told = '[]';
  const settingsFile = () => {
    const { configFile, projectRoot } = live.current();
    return configFile ?? join(projectRoot, 'gateway.yaml');
  };
  const unmatched = () => {
    const { givenVariables, testGates, security } = live.current();
    const patterns = [...givenVariables, ...testGates].map(({ agents }) => agents);
    return unmatchedNames({ patterns, security }, agentIds, settingsFile());
  };
  const report = (ofAgents: readonly Finding[]) => {
    told = JSON.stringify(ofAgents);
    const about = { agentId: null, modulePath: live.path, servingGeneration: null };
    emit({
      type: 'findings_reported',
      ...about,
      findings: [...ofReading, ...ofTools, ...ofAgents],
    });
  };
  return {
    read(findings) {
      ofReading = findings;
      report(unmatched());
    },
    toolsChanged(problems) {
      const findings = problems
        .filter(({ module }) => module !== 'failed')
        .map((problem) => toFinding(problem, settingsFile()));
      if (JSON.stringify(findings) === JSON.stringify(ofTools)) return;
      ofTools = findings;
      report(unmatched());
    },
    scanned(ids) {
      agentIds = ids;
      const ofAgents = unmatched();
      if (JSON.stringify(ofAgents) !== told) report(ofAgents);
    },
  };
}

function toFinding({ source, problem, module }: SourceProblem, file: string): Finding {
  return {
    stage: 'tool',
    code: 'tool_source_failed',
    severity: 'error',
    message: module ? problem : `The tools of "${source}" cannot be used: ${problem}`,
    file,
    hint: hints[module ?? 'none'](source),
  };
}

const hints = {
  none: (source: string) =>
    `Correct tools.${source} in gateway.yaml, or look after its server: it is tried again.`,
  missing: (source: string) => `Make the file, or take tools.${source} out of gateway.yaml.`,
  unused: () => 'Rename the file, or the tool in gateway.yaml.',
  failed: () => 'Correct the file and save.',
} as const;
