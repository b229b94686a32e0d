import { expect, test } from 'vitest';
import { keyRecord } from '../../../test/support/key-record.ts';
import type { GatewayEvent } from '../../events.ts';
import type { KeyRecord } from '../../protocol/policy.ts';
import { createExpiryWarnings } from './warn-expiring-keys.ts';

const DAY = 86_400;
const NOW = 1_800_000_000;

/** What is said of these keys at each of the times. */
function warningsAt(keys: readonly KeyRecord[], times: readonly number[]): GatewayEvent[][] {
  let now = NOW;
  let told: GatewayEvent[] = [];
  const warnings = createExpiryWarnings({
    keys: () => keys,
    nowSeconds: () => now,
    emit: (event) => told.push(event),
  });
  return times.map((time) => {
    now = time;
    told = [];
    warnings.check();
    return told;
  });
}

test('warns of a key from seven days before its end, once a day', () => {
  const key = keyRecord({ id: 'key_a', name: 'alice', expiresAtSeconds: NOW + 8 * DAY });
  const warning = {
    type: 'key_expiring',
    keyId: 'key_a',
    keyName: 'alice',
    expiresAtSeconds: NOW + 8 * DAY,
  };
  expect(
    warningsAt([key], [NOW, NOW + DAY, NOW + DAY + 600, NOW + 2 * DAY, NOW + 8 * DAY]),
  ).toEqual([[], [warning], [], [warning], []]);
});

test('warns of no key that lasts, has ended, was revoked or has a successor', () => {
  const soon = NOW + DAY;
  const keys = [
    keyRecord({ id: 'key_a' }),
    keyRecord({ id: 'key_b', expiresAtSeconds: NOW }),
    keyRecord({ id: 'key_c', expiresAtSeconds: soon, revokedAtSeconds: NOW - 1 }),
    keyRecord({ id: 'key_d', expiresAtSeconds: soon }),
    keyRecord({ id: 'key_e', expiresAtSeconds: NOW + 30 * DAY, rotatedFrom: 'key_d' }),
  ];
  expect(warningsAt(keys, [NOW])).toEqual([[]]);
});
