import { describe, expect, test } from 'vitest';
import type { KeyRecord, OverrideRecord, Rule } from '../../protocol/policy.ts';
import { builtInRules } from '../rules/built-in.ts';
import type { NamespaceSettings } from '../rules/namespaces.ts';
import { namespaceRules } from '../rules/namespaces.ts';
import { overrideRule } from '../rules/override-rule.ts';
import { compileRules } from '../rules/rule-set.ts';
import { audit } from './audit.ts';
import type { AuditFacts } from './audit-facts.ts';

const now = 1_795_348_800;
const day = 86_400;

const key = (over: Partial<KeyRecord> = {}): KeyRecord => ({
  id: 'key_a1',
  name: 'alice',
  role: 'caller',
  hash: 'h',
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
  createdAtSeconds: now - day,
  createdBy: 'test',
  expiresAtSeconds: now + 30 * day,
  revokedAtSeconds: null,
  rotatedFrom: null,
  lastUsedAtSeconds: now - 60,
  ...over,
});

const root = key({ id: 'key_root', name: 'root', role: 'admin' });

const rule = (over: Partial<Rule>): Rule => ({
  id: 'rule',
  effect: 'deny',
  action: 'run_agent',
  principals: ['alice'],
  resources: ['labs/planner'],
  tier: over.effect === 'allow' ? 5 : 3,
  source: 'config',
  ...over,
});

const override: OverrideRecord = {
  id: 'ovr_1',
  principal: 'alice',
  action: 'run_agent',
  resource: 'labs/*',
  effect: 'allow',
  breakGlass: false,
  limits: null,
  reason: 'Demo.',
  createdBy: 'key_root',
  createdAtSeconds: now - 10,
  expiresAtSeconds: now + 50,
  revokedAtSeconds: null,
  revokedBy: null,
};

const planner = {
  id: 'labs/planner',
  modulePath: 'src/agents/labs/Planner/agent.ts',
  sha256: null,
  tools: [],
};

type World = Partial<Omit<AuditFacts, 'rules'>> & {
  readonly rules?: readonly Rule[];
  readonly namespaces?: Readonly<Record<string, NamespaceSettings>>;
};

/** What an audit finds in a world that is in order but for what a test changes: `severity code subject`. */
function found({ rules = [], namespaces = { labs: { runAgents: 'deny' } }, ...facts }: World) {
  const { overrides = [] } = facts;
  const findings = audit({
    keys: [root, key()],
    agents: [planner],
    overrides,
    nowSeconds: now,
    retirements: [],
    ...facts,
    rules: compileRules([
      ...overrides.map(overrideRule),
      ...rules,
      ...namespaceRules(namespaces),
      ...builtInRules(),
    ]),
  });
  return findings.map(({ severity, code, subject }) => `${severity} ${code} ${subject}`);
}

test('finds nothing where all is in order', () => {
  expect(found({})).toEqual([]);
});

describe('agents', () => {
  test('of a namespace without a default are open to every key', () => {
    expect(found({ namespaces: {} })).toEqual(['warning namespace_without_default labs']);
  });

  test('that are open because somebody said so are only mentioned', () => {
    const open = { labs: { runAgents: 'allow' } } as const;
    expect(found({ namespaces: open })).toEqual(['info agent_open_to_all labs/planner']);
    const named = { labs: { runAgents: ['alice'] } };
    expect(found({ namespaces: named })).toEqual([]);
  });

  test('that nobody knows yet are mentioned', () => {
    expect(found({ agents: [] })).toEqual(['info agents_unknown agents']);
  });
});

const ofToken: Partial<Rule> = { principals: ['oidc:corp:alice'] };

describe('rules', () => {
  test.each<[string, Partial<Rule>, string[]]>([
    ['that fit are in order', {}, []],
    ['that are over', { expiresAtSeconds: now }, ['rule_expired']],
    ['about a key that is not there', { principals: ['bob', 'key_gone'] }, ['rule_fits_nothing']],
    ['about agents that are not there', { resources: ['labs/x'] }, ['rule_fits_nothing']],
    ['about a caller with a token, who may come', { principals: ['oidc:corp:bob'] }, []],
    ['about all callers with a token', { principals: ['oidc:*'] }, []],
    ['about a role that nobody has yet', { principals: ['role:operator'] }, []],
    ['about tools of an agent', { action: 'call_tool', principals: ['agent:labs/*'] }, []],
    [
      'about tools of no agent',
      { action: 'call_tool', principals: ['agent:x/*'] },
      ['rule_fits_nothing'],
    ],
    [
      'about a module',
      { action: 'load_module', principals: ['agent:*'], resources: ['src/agents/labs/*'] },
      [],
    ],
    [
      'about bytes',
      { action: 'load_module', principals: ['*'], resources: [`sha256:${'a'.repeat(64)}`] },
      [],
    ],
    [
      'about another folder',
      { action: 'load_module', principals: ['*'], resources: ['lib/*'] },
      ['rule_fits_nothing'],
    ],
    ['about a route', { action: 'administer', principals: ['root'], resources: ['/admin/*'] }, []],
  ])('%s', (_title, over, codes) => {
    expect(found({ rules: [rule(over)] })).toEqual(codes.map((code) => `warning ${code} rule`));
  });

  test.each<[string, Partial<Rule>, Partial<Rule>, boolean]>([
    ['a deny of all', { id: 'all', principals: ['*'], resources: ['*'] }, {}, true],
    ['a deny, of an allow', { id: 'all' }, { effect: 'allow' }, true],
    ['an allow, of no deny', { id: 'all', effect: 'allow', resources: ['labs/*'] }, {}, false],
    ['the same once more', { id: 'a' }, { id: 'rule' }, true],
    ['a glob over keys', { id: 'all', principals: ['al*'] }, {}, true],
    ['a glob over agents', { id: 'all', resources: ['LABS/*'] }, {}, true],
    ['one with a condition', { id: 'all', when: 'true' }, {}, false],
    ['one that ends', { id: 'all', expiresAtSeconds: now + 5 }, {}, false],
    ['one about others', { id: 'all', principals: ['root'] }, {}, false],
    ['one about another action', { id: 'all', action: 'list_agents' }, {}, false],
    ['a glob over keys, of no token', { id: 'all', principals: ['*ice'] }, ofToken, false],
    ['a glob over tokens', { id: 'all', principals: ['oidc:corp:*'] }, ofToken, true],
    ['a role, of no key', { id: 'all', principals: ['role:caller'] }, {}, false],
  ])('shadowed by %s', (_title, first, second, isShadowed) => {
    const findings = found({ rules: [rule(first), rule(second)] });
    expect(findings).toEqual(isShadowed ? ['warning rule_shadowed rule'] : []);
  });

  test('about agents are right where no agent is known yet', () => {
    const tools = rule({ id: 'tools', action: 'call_tool', principals: ['agent:labs/*'] });
    expect(found({ agents: [], rules: [rule({}), tools] })).toEqual(['info agents_unknown agents']);
  });
});

describe('overrides', () => {
  test.each<[string, Partial<OverrideRecord>, string]>([
    ['are mentioned', {}, 'info override_open ovr_1'],
    ['that break glass', { breakGlass: true }, 'warning override_breaks_glass ovr_1'],
    ['that outlive their maker', { createdBy: 'key_old' }, 'warning override_orphaned ovr_1'],
    ['of the command line', { createdBy: 'cli:ops' }, 'info override_open ovr_1'],
  ])('%s', (_title, over, finding) => {
    const keys = [root, key(), key({ id: 'key_old', revokedAtSeconds: now - 1 })];
    expect(found({ keys, overrides: [{ ...override, ...over }] })).toEqual([finding]);
  });
});

describe('keys', () => {
  test.each<[string, Partial<KeyRecord>, string[]]>([
    ['that never expire', { expiresAtSeconds: null }, ['key_without_expiry']],
    ['that end within a week', { expiresAtSeconds: now + 6 * day }, ['key_expiring']],
    ['that nobody used for long', { lastUsedAtSeconds: now - 91 * day }, ['key_unused']],
    [
      'that nobody ever used',
      { lastUsedAtSeconds: null, createdAtSeconds: now - 8 * day },
      ['key_never_used'],
    ],
    ['that forward their users', { forwardsUsers: true }, []],
    [
      'that forward their users and administer',
      { forwardsUsers: true, role: 'operator' },
      ['key_of_users_administers'],
    ],
    ['that are new', { lastUsedAtSeconds: null }, []],
    ['that ended', { expiresAtSeconds: now, lastUsedAtSeconds: null, createdAtSeconds: 0 }, []],
  ])('%s', (_title, over, codes) => {
    expect(found({ keys: [root, key(over)] })).toEqual(
      codes.map((code) => `warning ${code} key_a1`),
    );
  });

  test('that were rotated are meant to end', () => {
    const old = key({ expiresAtSeconds: now + 60 });
    expect(found({ keys: [root, old, key({ id: 'key_a2', rotatedFrom: old.id })] })).toEqual([]);
  });

  test('of admins are neither none nor many', () => {
    expect(found({ keys: [key()] })).toEqual(['warning no_admin_key keys']);
    const admins = ['1', '2', '3', '4'].map((id) => ({ ...root, id, name: id }));
    expect(found({ keys: admins })).toEqual(['warning many_admin_keys keys']);
  });
});
