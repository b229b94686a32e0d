import type { SecurityDeps } from '../../src/http/security-deps.ts';
import type { DecisionRecord, KeyRecord, OverrideRecord, Rule } from '../../src/protocol/policy.ts';

/** 2026-11-22T12:00:00Z, the time of every fake. */
export const fakeNowSeconds = 1_795_348_800;

export const someRule: Rule = {
  id: 'labs-runs',
  effect: 'deny',
  action: 'run_agent',
  principals: ['*'],
  resources: ['labs/*'],
  exceptPrincipals: ['role:operator'],
  tier: 6,
  source: 'namespace',
};

export const someOverride: OverrideRecord = {
  id: 'ovr_1',
  principal: 'alice',
  action: 'run_agent',
  resource: 'labs/*',
  effect: 'allow',
  breakGlass: false,
  reason: 'Demo at noon.',
  createdBy: 'key_admin',
  limits: null,
  createdAtSeconds: fakeNowSeconds - 10,
  expiresAtSeconds: fakeNowSeconds + 50,
  revokedAtSeconds: null,
  revokedBy: null,
};

export const someKey: KeyRecord = {
  id: 'key_a1',
  name: 'alice',
  role: 'caller',
  hash: 'f'.repeat(64),
  namespaces: ['labs'],
  agents: null,
  limits: {
    requestsPerMinute: 60,
    concurrentRuns: null,
    tokensPerDay: null,
    tokensPerMonth: 1_000_000,
    usdPerDay: 2.5,
    usdPerMonth: null,
  },
  runLimits: null,
  forwardsUsers: false,
  createdAtSeconds: fakeNowSeconds - 86_400,
  createdBy: 'cli:ops',
  expiresAtSeconds: fakeNowSeconds + 86_400,
  revokedAtSeconds: null,
  rotatedFrom: null,
  lastUsedAtSeconds: fakeNowSeconds - 60,
};

export const someDecision: DecisionRecord = {
  id: 'dec_1',
  time: '2026-11-22T11:59:59.000Z',
  requestId: 'req_1',
  keyId: 'key_a1',
  user: null,
  role: 'caller',
  action: 'call_tool',
  effect: 'deny',
  resource: 'weather',
  agentId: 'labs/planner',
  modulePath: 'src/agents/labs/Planner/agent.ts',
  tool: 'weather',
  ruleId: 'no-weather',
  tier: 3,
  source: 'config',
  reason: 'quota',
};

/** The security side of a gateway, reduced to what a test needs. */
export function fakeSecurity(): SecurityDeps {
  return {
    whoami: (caller) => ({ holder: caller, limits: someKey.limits, expiresAtSeconds: null }),
    rules: () => [someRule],
    refresh: async () => ({ rules: 9, overrides: 1, findings: [] }),
    preview: async (_viewer, readRequest) => {
      readRequest();
      return {
        decision: { answer: 'deny', rule: someRule },
        matched: [someRule],
        warnings: [],
        smallestOverride: null,
        draft: null,
      };
    },
    audit: async () => ({
      findings: [
        { severity: 'info', code: 'key_unused', subject: 'key_a1', message: 'So.', hint: 'Do.' },
      ],
      summary: { agents: 1, rules: 1, overrides: 1, keys: 1, adminKeys: 0 },
    }),
    matrix: async (_viewer, readRequest) => {
      readRequest();
      const principal = { ...someKey, type: 'key' } as const;
      const denied = { answer: 'deny', rule: 0 } as const;
      return {
        resources: ['labs/x'],
        rules: [someRule],
        rows: [{ principal, cells: [{ ...denied, before: { answer: 'allow', rule: null } }] }],
        isTruncated: false,
        next: null,
      };
    },
    overrides: {
      create: async () => someOverride,
      list: async () => [someOverride],
      revoke: async () => ({
        ...someOverride,
        revokedAtSeconds: fakeNowSeconds,
        revokedBy: 'key_admin',
      }),
    },
    decisions: async () => ({ decisions: [someDecision], next: null }),
    keys: {
      list: async () => [someKey],
      create: async () => ({ record: someKey, secret: 'dg_secret' }),
      rotate: async () => ({ record: { ...someKey, rotatedFrom: 'key_a0' }, secret: 'dg_next' }),
      setLimits: async () => someKey,
      revoke: async () => someKey,
    },
    unknownScopes: ({ namespaces }) =>
      namespaces?.includes('lbas') ? ['No agent is in the namespace lbas so far.'] : [],
    nowSeconds: () => fakeNowSeconds,
  };
}
