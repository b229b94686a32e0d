import { expect, test } from 'vitest';
import { keyRecord } from '../../../test/support/key-record.ts';
import { createIdentify } from './identify.ts';

const key = keyRecord({ namespaces: ['labs'] });

const identify = createIdentify({
  known: { authenticate: (secret) => (secret === 'dg_alice' ? key : null) },
  tokens: { authenticate: () => null },
  localToken: 'dgl_local',
});

test('knows the holder of a key with its role and scopes, and nothing of its hash', () => {
  expect(identify('dg_alice')).toEqual({
    keyId: 'key_1',
    keyName: 'alice',
    role: 'caller',
    namespaces: ['labs'],
    agents: null,
  });
});

test('takes the local token for an administrator', () => {
  expect(identify('dgl_local')).toMatchObject({ keyId: 'local_cli', role: 'admin' });
});

test.each(['', 'dgl_loca', 'dgl_localx', 'dg_bob'])('knows nobody by %j', (secret) => {
  expect(identify(secret)).toBeNull();
});
