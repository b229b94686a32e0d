import { auditCounts, breakCounts, type Counts, dropInCounts, testCounts } from './counts.ts';
import type { RunResult, SourceName } from './results.ts';

/** One line of the checklist: what has to hold, and which result tells. */
export type Item = {
  readonly what: string;
  readonly source: SourceName;
  readonly evidence: string;
  readonly count: (result: RunResult) => Counts;
};

const acceptance = 'packages/gateway/test/acceptance/';

function byTests(what: string, ...files: readonly string[]): Item {
  const evidence = files.map((file) => `\`${file || 'vitest run'}\``).join(', ');
  return { what, source: 'tests', evidence, count: (result) => testCounts(result, files) };
}

function byAudit(what: string, part: string): Item {
  const evidence = `\`scripts/nightly-audit --only ${part}\``;
  return { what, source: 'audit', evidence, count: (result) => auditCounts(result, part) };
}

/** What a release needs. */
export const checklist: readonly Item[] = [
  byTests('All tests pass', ''),
  byTests('Acceptance passes', acceptance),
  {
    what: 'Dropped agents answer, whole and streamed',
    source: 'drop-ins',
    evidence: 'packed gateway, both languages, newest SDKs',
    count: dropInCounts,
  },
  byTests(
    'Security overrides: denied, preview, override, allowed, expired',
    `${acceptance}security-story.test.ts`,
    `${acceptance}policy-`,
    'packages/gateway/src/cli/security/',
  ),
  byAudit('No override is left open', 'overrides'),
  byTests(
    'The dependency helper installs, and says what it cannot',
    `${acceptance}dependencies.test.ts`,
    `${acceptance}python-dependencies.test.ts`,
    'packages/gateway/src/cli/deps/',
  ),
  byTests('Docs hold: what they show is run', 'packages/gateway/test/guides/'),
  byAudit('Generated docs are fresh', 'docs'),
  byAudit('No advisory is open', 'advisories'),
  byAudit('Licences are allowed', 'licences'),
  byAudit('No key is in the tree', 'keys'),
  byAudit('The lock file is whole', 'lock-file'),
  byAudit('Agents run on the newest and an old SDK', 'sdks'),
  byTests(
    'Stores of earlier versions open; backups come back',
    'packages/gateway/src/cli/data/',
    'packages/gateway/src/storage/',
  ),
  byTests('The package serves as it is published', `${acceptance}packed.test.ts`),
  {
    what: 'No break survives the suite',
    source: 'breaks',
    evidence: 'the table of breaks',
    count: breakCounts,
  },
];
