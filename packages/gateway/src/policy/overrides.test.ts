import { beforeEach, describe, expect, test } from 'vitest';
import { keyPrincipal } from '../../test/support/policy-kit.ts';
import { someKey } from '../../test/support/security-fakes.ts';
import type { Actor, OverrideRecord } from '../protocol/policy.ts';
import type { NewOverride } from '../protocol/security/preview-types.ts';
import { createOverrides, type Overrides } from './overrides.ts';

const now = 1_000.4;

const wanted: NewOverride = {
  principal: 'alice',
  action: 'run_agent',
  resource: 'labs/*',
  effect: 'allow',
  ttlSeconds: 60,
  reason: ' Demo at\nnoon. ',
  breakGlass: false,
};

const admin: Actor = { id: 'key_admin', principal: keyPrincipal('admin') };
const operator: Actor = { id: 'key_operator', principal: keyPrincipal('operator') };
const labs: Actor = {
  id: 'key_labs',
  principal: keyPrincipal('operator', { namespaces: ['labs'] }),
};
const labsAdmin: Actor = {
  id: 'key_labs_admin',
  principal: keyPrincipal('admin', { agents: ['labs/*'] }),
};

let stored: OverrideRecord[] = [];
let overrides: Overrides;

beforeEach(() => {
  stored = [];
  overrides = createOverrides({
    store: {
      list: async ({ activeAtSeconds: at = 0 } = {}) =>
        stored.filter((each) => each.expiresAtSeconds > at && !(at && each.revokedAtSeconds)),
      insert: async (record) => stored.push(record) > 0,
      async revoke(id, { atSeconds, revokedBy }) {
        const ended = { revokedAtSeconds: atSeconds, revokedBy };
        stored = stored.map((each) => (each.id === id ? { ...each, ...ended } : each));
        return true;
      },
    },
    keys: () => [
      { ...someKey, id: 'key_operator', role: 'operator' },
      { ...someKey, id: 'key_admin', role: 'admin' },
    ],
    changed: async () => undefined,
    nowSeconds: () => now,
  });
});

describe('an override', () => {
  test('is kept with who made it and when it ends', async () => {
    const made = await overrides.create(admin, wanted);
    expect(made).toEqual({
      id: expect.stringMatching(/^ovr_[A-Za-z0-9_-]{12}$/),
      principal: 'alice',
      action: 'run_agent',
      resource: 'labs/*',
      effect: 'allow',
      limits: null,
      breakGlass: false,
      reason: 'Demo at noon.',
      createdBy: 'key_admin',
      createdAtSeconds: 1_000,
      expiresAtSeconds: 1_060,
      revokedAtSeconds: null,
      revokedBy: null,
    });
    expect(await overrides.list()).toEqual([made]);
  });

  test.each([
    ['lasts no time', { ttlSeconds: 0 }, 'ttl_seconds'],
    ['lasts more than a day', { ttlSeconds: 86_401 }, 'ttl_seconds'],
    ['lasts a part of a second', { ttlSeconds: 1.5 }, 'ttl_seconds'],
    ['has no reason', { reason: '  ' }, 'reason'],
    ['has a long reason', { reason: 'x'.repeat(501) }, 'reason'],
    ['is for a role that is none', { principal: 'role:boss' }, 'principal'],
    ['is for nobody', { principal: '' }, 'principal'],
    ['is for an agent without a namespace', { principal: 'agent:x' }, 'principal'],
    ['is about an agent without a namespace', { resource: 'planner' }, 'resource'],
    ['is about no agent at all', { resource: 'a?b/c' }, 'resource'],
    ['is about an empty tool', { action: 'call_tool', resource: '' }, 'resource'],
    ['is about a module elsewhere', { action: 'load_module', resource: '../x' }, 'resource'],
    ['is about half a hash', { action: 'load_module', resource: 'sha256:12' }, 'resource'],
    ['is about no route', { action: 'administer', resource: 'keys' }, 'resource'],
    ['denies and breaks glass', { effect: 'deny', breakGlass: true }, 'break_glass'],
  ] as const)('is refused where it %s', async (_what, changes, param) => {
    const creating = overrides.create(admin, { ...wanted, ...changes });
    await expect(creating).rejects.toMatchObject({ code: 'invalid_value', param });
    expect(stored).toEqual([]);
  });

  test.each([
    ['an operator', 'that breaks glass', operator, { breakGlass: true }, 'break_glass'],
    [
      'an operator',
      'to load modules',
      operator,
      { action: 'load_module', resource: '*' },
      'action',
    ],
    ['an operator', 'to administer', operator, { action: 'administer', resource: '*' }, 'action'],
    ['an operator of labs', 'for all agents', labs, { resource: '*' }, 'resource'],
    ['an operator of labs', 'for another namespace', labs, { resource: 'default/x' }, 'resource'],
    ['an operator of labs', 'for names like it', labs, { resource: 'labs*' }, 'resource'],
    ['an operator of labs', 'for tools of all', labs, { action: 'call_tool' }, 'principal'],
    [
      'an operator of labs',
      'for tools of other agents',
      labs,
      { action: 'call_tool', principal: 'agent:*/x' },
      'principal',
    ],
    ['an admin of labs', 'for all agents', labsAdmin, { resource: '*' }, 'resource'],
    [
      'an admin of labs',
      'to administer',
      labsAdmin,
      { action: 'administer', resource: '/admin/agents' },
      'action',
    ],
    [
      'an admin of labs',
      'for modules of all',
      labsAdmin,
      { action: 'load_module', resource: '*' },
      'principal',
    ],
  ] as const)('of %s is refused %s', async (_who, _what, maker, changes, param) => {
    const creating = overrides.create(maker, { ...wanted, ...changes });
    await expect(creating).rejects.toMatchObject({ code: 'not_allowed', param });
    expect(stored).toEqual([]);
  });

  test.each([
    ['an operator', operator, {}],
    ['an operator', operator, { action: 'call_tool', resource: 'weather' }],
    ['an operator of labs', labs, {}],
    ['an operator of labs', labs, { resource: 'Labs/X', principal: '*', effect: 'deny' }],
    ['an operator of labs', labs, { action: 'call_tool', principal: 'agent:labs/*' }],
    ['an admin of labs', labsAdmin, { breakGlass: true }],
    ['an admin of labs', labsAdmin, { action: 'load_module', principal: 'agent:labs/x' }],
    ['an admin', admin, { action: 'administer', resource: '/admin/*', breakGlass: true }],
  ] as const)('of %s within reach is made: %#', async (_who, maker, changes) => {
    const made = await overrides.create(maker, { ...wanted, ...changes });
    expect(made.createdBy).toBe(maker.id);
  });
});

describe('the end of an override', () => {
  test('is noted with who ended it', async () => {
    const { id } = await overrides.create(admin, wanted);
    expect(await overrides.revoke(admin, id)).toMatchObject({
      id,
      revokedAtSeconds: 1_000,
      revokedBy: 'key_admin',
    });
    expect(await overrides.list({ isActive: true })).toEqual([]);
    expect(await overrides.list({ isActive: false })).toHaveLength(1);
    await expect(overrides.revoke(admin, id)).rejects.toMatchObject({ code: 'record_not_found' });
  });

  test('is for its maker, and for those who could have made it', async () => {
    const own = await overrides.create(operator, wanted);
    const other = await overrides.create(operator, wanted);
    const wide = await overrides.create(operator, { ...wanted, resource: '*' });
    await overrides.revoke(operator, own.id);
    await overrides.revoke(labs, other.id);
    await expect(overrides.revoke(labs, wide.id)).rejects.toMatchObject({ code: 'not_allowed' });
    await overrides.revoke(admin, wide.id);
    expect(stored.map(({ revokedBy }) => revokedBy)).toEqual([
      'key_operator',
      'key_labs',
      'key_admin',
    ]);
  });

  test('is for nobody who may not know of it: it is answered as if it were not there', async () => {
    const { id } = await overrides.create(operator, { ...wanted, resource: 'default/*' });
    const unseen = { code: 'record_not_found' };
    await expect(overrides.revoke(labs, id)).rejects.toMatchObject(unseen);
    await expect(overrides.revoke(labsAdmin, id)).rejects.toMatchObject(unseen);
  });

  test('is for its maker and admins where somebody with a token made it', async () => {
    const principal = keyPrincipal('operator', { id: 'oidc:corp:op', name: 'oidc:corp:op' });
    const maker: Actor = { id: 'oidc:corp:op', principal };
    const made = [await overrides.create(maker, wanted), await overrides.create(maker, wanted)];
    const [first = '', second = ''] = made.map(({ id }) => id);
    await expect(overrides.revoke(operator, first)).rejects.toMatchObject({
      code: 'not_allowed',
      message: 'oidc:corp:op made this override. Ask them, or an admin, to end it.',
    });
    expect(await overrides.revoke(maker, first)).toMatchObject({ revokedBy: 'oidc:corp:op' });
    expect(await overrides.revoke(admin, second)).toMatchObject({ revokedBy: 'key_admin' });
  });

  test('is not for operators where an admin, or the command line, made it', async () => {
    const cli: Actor = { ...admin, id: 'cli:root' };
    for (const maker of [admin, cli]) {
      const { id } = await overrides.create(maker, { ...wanted, effect: 'deny' });
      await expect(overrides.revoke(operator, id)).rejects.toMatchObject({
        code: 'not_allowed',
        message: 'An admin made this override. Ask one to end it.',
      });
    }
  });
});
