import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { Emit } from '../events.ts';
import { unknownIssuers } from '../policy/review/unknown-issuers.ts';
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
  /** With why the keys of an issuer cannot be read, and null when they can. */
  readonly issuerChanged: (name: string, error: unknown) => void;
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
  const ofIssuers = createIssuerFindings();
  let told = '[]';
  const settingsFile = () => {
    const { configFile, projectRoot } = live.current();
    return configFile ?? join(projectRoot, 'gateway.yaml');
  };
  const unmatched = () => {
    const { givenVariables, testGates, security } = live.current();
    const patterns = [...givenVariables, ...testGates].map(({ agents }) => agents);
    return [
      ...unmatchedNames({ patterns, security }, agentIds, settingsFile()),
      ...ofIssuers.list(live.current(), settingsFile()),
    ];
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
    issuerChanged(name, error) {
      ofIssuers.change(name, error);
      const findings = unmatched();
      if (JSON.stringify(findings) !== told) report(findings);
    },
    scanned(ids) {
      agentIds = ids;
      const ofAgents = unmatched();
      if (JSON.stringify(ofAgents) !== told) report(ofAgents);
    },
  };
}

/** What is wrong with issuers of tokens: keys that cannot be read, and rules that name one that is not there. */
function createIssuerFindings() {
  const errors = new Map<string, unknown>();
  return {
    change(name: string, error: unknown) {
      if (error === null) errors.delete(name);
      else errors.set(name, error);
    },
    list({ issuers, security }: Pick<Config, 'issuers' | 'security'>, file: string): Finding[] {
      const names = issuers.map(({ name }) => name);
      const unread = [...errors].filter(([name]) => names.includes(name));
      return [
        ...unknownIssuers(security, names, file),
        ...unread.map(([name, error]) => unreadableKeys(name, error, file)),
      ];
    },
  };
}

function unreadableKeys(name: string, error: unknown, file: string): Finding {
  const why = error instanceof Error ? error.message : String(error);
  return {
    stage: 'metadata',
    code: 'issuer_keys_unreadable',
    severity: 'error',
    message: `The keys of the issuer ${name} cannot be read, so tokens of it are refused once those that were read before are too old: ${why}`,
    file,
    hint: 'Look after its server, or correct jwks_url, jwks_file or allow_addresses of its entry in auth.jwt.',
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
