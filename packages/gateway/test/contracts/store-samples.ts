import type { Diagnostic } from '../../src/protocol/diagnostics.ts';
import type { DecisionRecord, KeyRecord, OverrideRecord } from '../../src/protocol/policy.ts';
import type { StoredGeneration } from '../../src/protocol/records.ts';
import { sampleManifest } from '../support/manifest.ts';

/** A key without scopes and limits. */
export const openKey: KeyRecord = {
  id: 'key_open',
  name: 'alice',
  role: 'admin',
  hash: '1f'.repeat(32),
  namespaces: null,
  agents: null,
  limits: {
    requestsPerMinute: null,
    concurrentRuns: null,
    tokensPerDay: null,
    tokensPerMonth: null,
    usdPerDay: null,
    usdPerMonth: null,
  },
  runLimits: null,
  forwardsUsers: false,
  createdAtSeconds: 1_800_000_000,
  createdBy: 'cli:root',
  expiresAtSeconds: null,
  revokedAtSeconds: null,
  rotatedFrom: null,
  lastUsedAtSeconds: null,
};

/** A key with everything. */
export const scopedKey: KeyRecord = {
  ...openKey,
  id: 'key_scoped',
  name: 'bob',
  role: 'caller',
  hash: '2e'.repeat(32),
  namespaces: ['labs', 'default'],
  agents: ['labs/*'],
  limits: {
    requestsPerMinute: 60,
    concurrentRuns: 2,
    tokensPerDay: 100_000,
    tokensPerMonth: 9_007_199_254_740_991,
    usdPerDay: 0.25,
    usdPerMonth: 1_000_000,
  },
  expiresAtSeconds: 4_000_000_000,
  revokedAtSeconds: 1_800_000_100,
  rotatedFrom: 'key_before',
  lastUsedAtSeconds: 1_800_000_040,
};

/** An override that holds for a minute. */
export const override: OverrideRecord = {
  id: 'ovr_a',
  principal: 'alice',
  action: 'run_agent',
  resource: 'default/*',
  effect: 'allow',
  breakGlass: true,
  reason: 'A demonstration.',
  createdBy: 'cli:root',
  limits: null,
  createdAtSeconds: 1_800_000_000,
  expiresAtSeconds: 1_800_000_060,
  revokedAtSeconds: null,
  revokedBy: null,
};

/** A decision with everything. */
export const decision: DecisionRecord = {
  id: 'dec_0001',
  time: '2026-11-22T10:00:00.123Z',
  requestId: 'req_a',
  keyId: 'key_open',
  user: null,
  role: 'admin',
  action: 'call_tool',
  effect: 'deny',
  resource: 'weather',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  tool: 'weather',
  ruleId: 'no-weather',
  tier: 3,
  source: 'config',
  reason: 'quota',
};

/** A generation of `default/a`. */
export const generation: StoredGeneration = {
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 1,
  conditions: 'these',
  manifest: sampleManifest(),
  prints: [{ path: '/p/agent.ts', size: 3, mtimeMs: 1, changedMs: 1.5, sha256: 'abc' }],
  envSha256: null,
  filesHash: 'a1',
  loadedAtSeconds: 5,
};

/** Something wrong with it. */
export const diagnostic: Diagnostic = {
  id: 'diag_a',
  agent_id: 'default/a',
  module_path: 'src/agents/A/agent.ts',
  stage: 'load',
  code: 'syntax_error',
  severity: 'error',
  message: 'Expected a semicolon.',
  file: '/p/agent.ts',
  line: 3,
  column: 7,
  frame: null,
  hint: null,
  serving_generation: 1,
  first_seen: '2026-01-01T00:00:00.000Z',
  last_seen: '2026-01-01T00:00:00.000Z',
  count: 1,
  request_id: null,
};
