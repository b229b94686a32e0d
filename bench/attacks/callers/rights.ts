import { type Answer, notRefused } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { enter, newKey, type World } from './world.ts';

type Ways = Record<string, () => Promise<Answer>>;

/** Keys that somebody makes, whose reach goes beyond their own. */
const wider: Readonly<Record<string, object>> = {
  'of all namespaces': { role: 'admin' },
  'of null namespaces': { role: 'admin', namespaces: null },
  'of another namespace': { role: 'admin', namespaces: ['labs', 'vault'] },
  'of every namespace': { role: 'admin', namespaces: ['*'] },
  'of agents elsewhere': { role: 'caller', namespaces: ['labs'], agents: ['vault/*'] },
  'of its agents, in all namespaces': { role: 'caller', agents: ['labs/*', 'vault/hidden'] },
  'without limits': { role: 'caller', namespaces: ['labs'] },
  'with a higher limit': {
    role: 'caller',
    namespaces: ['labs'],
    limits: { requests_per_minute: 10_001 },
  },
  'a scraper of all': { role: 'metrics' },
};

const override = (more: object) => ({
  principal: 'role:caller',
  action: 'run_agent',
  resource: 'labs/open',
  effect: 'allow',
  ttl_seconds: 1,
  reason: 'x',
  ...more,
});

/** Overrides that reach beyond whoever makes them. */
const overrides: Readonly<Record<string, object>> = {
  'for another namespace': override({ resource: 'vault/hidden' }),
  'for all agents': override({ resource: '*' }),
  'for a glob across': override({ resource: '*/open' }),
  'that breaks glass elsewhere': override({ resource: 'vault/*', break_glass: true }),
  'to administer': override({ action: 'administer', resource: '/security/keys' }),
  'to administer all': override({ action: 'administer', resource: '*' }),
  'to load modules': override({
    principal: 'agent:vault/hidden',
    action: 'load_module',
    resource: 'src/agents/vault/*',
  }),
  'to read runs elsewhere': override({ action: 'read_runs', resource: 'vault/hidden' }),
  'that raises limits elsewhere': override({
    action: 'raise_limits',
    resource: 'vault/hidden',
    limits: { max_tokens: 0 },
  }),
  'that denies all': override({ resource: '*', effect: 'deny', principal: '*' }),
  'that denies admins': override({
    action: 'administer',
    resource: '*',
    effect: 'deny',
    principal: 'role:admin',
  }),
  'of tools of others': override({
    principal: 'agent:vault/hidden',
    action: 'call_tool',
    resource: '*',
  }),
};

export const grants: Attack = {
  title: 'somebody gives itself or another key more than it has',
  languages: ['node'],
  async attempt(_language, victim) {
    const { as, ids, gateway } = await enter(victim);
    const attempts: Ways = {};
    const post = (who: 'scoped' | 'operator' | 'caller', path: string, body: object) => () =>
      as(who, 'POST', path, { body });
    for (const [name, body] of Object.entries(wider)) {
      attempts[`a key ${name}`] = post('scoped', '/security/keys', body);
      attempts[`an operator's key ${name}`] = post('operator', '/security/keys', body);
    }
    attempts['a key of a longer life'] = post('operator', '/security/keys', { role: 'operator' });
    for (const [name, body] of Object.entries(overrides)) {
      attempts[`an override ${name}`] = post('scoped', '/security/override', body);
      attempts[`an operator's override ${name}`] = post('operator', '/security/override', body);
      attempts[`a caller's override ${name}`] = post('caller', '/security/override', body);
    }
    attempts["an operator's override that breaks glass"] = post(
      'operator',
      '/security/override',
      override({ break_glass: true }),
    );
    const strong = await newKey(gateway, { role: 'admin' });
    for (const who of ['scoped', 'operator', 'caller'] as const) {
      for (const id of [strong.id, ids.admin, ids.other]) {
        if (who === 'scoped' && id === ids.other) continue;
        const path = `/security/keys/${id}`;
        attempts[`${who} rotates ${id}`] = post(who, `${path}/rotate`, {});
        attempts[`${who} ends ${id}`] = () => as(who, 'DELETE', path);
        attempts[`${who} limits ${id}`] = () =>
          as(who, 'PATCH', path, { body: { limits: { requests_per_minute: 1 } } });
      }
    }
    attempts['its own limits'] = () =>
      as('scoped', 'PATCH', `/security/keys/${ids.scoped}`, {
        body: { limits: { requests_per_minute: null } },
      });
    const made = await as('admin', 'POST', '/security/override', {
      body: override({
        resource: 'vault/hidden',
        effect: 'deny',
        ttl_seconds: 30,
        principal: 'none',
      }),
    });
    const { id } = JSON.parse(made.text) as { id: string };
    for (const who of ['scoped', 'operator', 'caller'] as const) {
      attempts[`${who} ends the override of an admin`] = () =>
        as(who, 'DELETE', `/security/overrides/${id}`);
    }
    const open = await notRefused(attempts, [400, 403, 404]);
    const still = await gateway.fetch('/security/whoami', { key: strong.key });
    if (!still.ok) open.push('a key was ended');
    return told(open, Object.keys(attempts).length + 1);
  },
};

/** Fields that are nobody's to set, in each body of administration. */
const planted: Readonly<Record<string, unknown>> = {
  id: 'key_planted',
  key: `dg_${'A'.repeat(43)}`,
  secret: 'x',
  hash: 'x',
  secret_hash: 'x',
  created_by: 'cli:root',
  revoked_at: null,
  state: 'active',
  is_admin: true,
  admin: true,
  roles: ['admin'],
  scopes: ['*'],
  rotated_from: 'key_x',
  tier: 1,
  source: 'config',
  local: true,
};

const bodies: Readonly<Record<string, readonly [method: string, body: object]>> = {
  '/security/keys': [
    'POST',
    { role: 'caller', namespaces: ['labs'], limits: { requests_per_minute: 5 } },
  ],
  '/security/override': ['POST', override({ principal: 'none' })],
  '/security/preview': ['POST', { principal: 'none', action: 'run_agent', resource: 'labs/open' }],
  '/security/matrix': ['POST', {}],
  '/agents/rollback': ['POST', { agent: 'labs/open' }],
  '/agents/release': ['POST', { agent: 'labs/open' }],
};

/** Bodies that change what all objects are, where they are merged without care. */
const prototypes = [
  '{"__proto__":{"role":"admin","namespaces":null},"role":"caller","namespaces":["labs"],"limits":{"requests_per_minute":5}}',
  '{"constructor":{"prototype":{"role":"admin"}},"role":"caller","namespaces":["labs"]}',
  '{"role":"caller","namespaces":["labs"],"limits":{"__proto__":{"requests_per_minute":1}},"run_limits":{"__proto__":{"max_tokens":1}}}',
  '{"role":["admin"],"namespaces":["labs"]}',
  '{"role":"caller","role":"admin","namespaces":null,"namespaces":["labs"],"limits":null}',
  '{"role":{"toString":"admin"}}',
  '{"role":"ADMIN"}',
  '{"role":"admin\\u0000"}',
];

async function changed(world: World): Promise<{ open: string[]; attempts: number }> {
  const { as } = world;
  const open: string[] = [];
  let attempts = 0;
  const targets: [string, string, object][] = [
    ...Object.entries(bodies).map(
      ([path, [method, body]]) => [path, method, body] as [string, string, object],
    ),
    [`/security/keys/${world.ids.other}`, 'PATCH', { limits: { requests_per_minute: 500 } }],
    ['/console/links', 'POST', {}],
  ];
  for (const [path, method, body] of targets) {
    for (const [field, value] of Object.entries(planted)) {
      attempts += 1;
      const { status, text } = await as('scoped', method, path, {
        body: { ...body, [field]: value },
      });
      if (status < 300 && JSON.stringify(value) !== '{}' && path !== '/console/links') {
        open.push(`${path} takes ${field}: ${text.slice(0, 60)}`);
      }
      if (status >= 500) open.push(`${path} fails by ${field}`);
    }
  }
  for (const text of prototypes) {
    attempts += 1;
    const { status, text: answer } = await as('scoped', 'POST', '/security/keys', { body: text });
    if (status < 300 && !answer.includes('"role":"caller"')) open.push(`a key of ${text}`);
    if (status >= 500) open.push(`${text} fails`);
  }
  return { open, attempts };
}

export const planting: Attack = {
  title: 'a body of administration sets fields that are nobody’s to set',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const { open, attempts } = await changed(world);
    const { text } = await world.as('caller', 'GET', '/security/whoami');
    if (!text.includes('"role":"caller"')) open.push('a caller is another now');
    const { status } = await world.as('caller', 'GET', '/security/keys');
    if (status !== 403) open.push('a caller reads the keys');
    return told(open, attempts + 2);
  },
};
