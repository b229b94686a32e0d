import type { KeyRecord } from '../../src/protocol/policy.ts';

/** A key that reaches all and has no limits, but for what a test says of it. */
export function keyRecord(changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id: 'key_1',
    name: 'alice',
    role: 'caller',
    hash: '0'.repeat(64),
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
    createdAtSeconds: 1_000_000,
    createdBy: 'cli:test',
    expiresAtSeconds: null,
    revokedAtSeconds: null,
    rotatedFrom: null,
    lastUsedAtSeconds: null,
    ...changes,
  };
}
