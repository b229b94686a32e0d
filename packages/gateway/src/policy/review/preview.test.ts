import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyPrincipal } from '../../../test/support/policy-kit.ts';
import { someKey } from '../../../test/support/security-fakes.ts';
import { administration } from '../../http/routes.ts';
import type { KeyPrincipal, Rule } from '../../protocol/policy.ts';
import type { PreviewRequest } from '../../protocol/security/preview-types.ts';
import { builtInRules } from '../rules/built-in.ts';
import { decide } from '../rules/decide.ts';
import type { NamespaceSettings } from '../rules/namespaces.ts';
import { namespaceRules } from '../rules/namespaces.ts';
import { compileRules } from '../rules/rule-set.ts';
import type { KnownAgent } from './known-agent.ts';
import { createPreview } from './preview.ts';

const now = 1_000;

const planner: KnownAgent = {
  id: 'labs/planner',
  modulePath: 'src/agents/labs/Planner/agent.ts',
  sha256: 'a'.repeat(64),
  tools: [
    { name: 'search', provenance: 'native' },
    { name: 'fetch_doc', provenance: 'gateway' },
  ],
};
const echo: KnownAgent = {
  id: 'default/echo',
  modulePath: 'src/agents/Echo/agent.ts',
  sha256: null,
  tools: [],
};

const keys = [
  { ...someKey, id: 'key_a', name: 'alice', role: 'caller', namespaces: null },
  { ...someKey, id: 'key_b', name: 'bob', role: 'operator', namespaces: ['default'] },
  { ...someKey, id: 'key_m', name: 'prometheus', role: 'metrics', namespaces: null },
] as const;

const admin = keyPrincipal('admin');
const labsOperator = keyPrincipal('operator', { namespaces: ['labs'] });

const closedLabs: Record<string, NamespaceSettings> = { labs: { runAgents: 'deny' } };

function rulesOf(rules: readonly Rule[], namespaces: Record<string, NamespaceSettings> = {}) {
  const all = [...rules, ...namespaceRules(namespaces), ...builtInRules(administration)];
  return compileRules(all, administration);
}

function previewOver(rules = rulesOf([]), viewer: KeyPrincipal = admin) {
  const preview = createPreview({
    rules: () => rules,
    keys: () => keys,
    agents: () => [planner, echo],
    tokenHolder: () => null,
    nowSeconds: () => now,
  });
  return (request: PreviewRequest) => preview(viewer, request);
}

const mayAlice: PreviewRequest = { keyId: 'alice', action: 'run_agent', resource: 'labs/planner' };

const draftRule = {
  id: 'try',
  effect: 'deny',
  action: 'run_agent',
  principals: ['*'],
  resources: ['labs/*'],
} as const;

describe('a preview', () => {
  test('tells the decision, its rule and every rule that fits', async () => {
    const stop: Rule = { ...draftRule, id: 'stop', tier: 3, source: 'config' };
    const preview = previewOver(rulesOf([stop], closedLabs));
    expect(await preview(mayAlice)).toMatchObject({
      decision: { answer: 'deny', rule: { id: 'stop', source: 'config' } },
      matched: [{ id: 'stop' }, { id: 'namespace:labs:run_agents' }, { id: 'callers-run-agents' }],
      draft: null,
    });
  });

  test('warns of agents that there are not, and answers all the same', async () => {
    const gone = { keyId: 'alice', action: 'run_agent', resource: 'labs/plannr' } as const;
    expect(await previewOver()(gone)).toMatchObject({
      decision: { answer: 'allow' },
      warnings: ['No agent labs/plannr has loaded. Did you mean labs/planner?'],
    });
    const ofTool = { principal: 'agent:labs/gone', action: 'call_tool', resource: 'x' } as const;
    expect((await previewOver()(ofTool)).warnings).toEqual(['No agent labs/gone has loaded.']);
    const bob = previewOver(rulesOf([]), keyPrincipal('operator', { namespaces: ['default'] }));
    const near = { keyId: 'bob', action: 'run_agent', resource: 'default/planner' } as const;
    expect((await bob(near)).warnings).toEqual(['No agent default/planner has loaded.']);
    expect((await previewOver()(mayAlice)).warnings).toEqual([]);
  });

  test.each([
    ['the id of a key', { keyId: 'key_b', resource: 'labs/planner' }, 'deny key-scopes'],
    [
      'a name as principal',
      { principal: 'bob', resource: 'default/echo' },
      'allow callers-run-agents',
    ],
    ['a role', { principal: 'role:metrics', resource: 'default/echo' }, 'deny key-role'],
    ['an id in any case', { keyId: 'alice', resource: 'Labs/PLANNER' }, 'allow callers-run-agents'],
    ['a bare name', { keyId: 'bob', resource: 'Echo' }, 'allow callers-run-agents'],
    [
      'a tool, for any agent',
      { keyId: 'alice', action: 'call_tool', resource: 'search' },
      'allow agents-call-their-tools',
    ],
    [
      'a tool, for an agent out of scope',
      { keyId: 'bob', action: 'call_tool', resource: 'search', agentId: 'planner' },
      'deny key-scopes',
    ],
    [
      'a module',
      { principal: 'agent:labs/planner', action: 'load_module', resource: planner.modulePath },
      'allow modules-below-the-roots-load',
    ],
    ['a route', { keyId: 'bob', action: 'administer', resource: '/security/keys' }, 'deny none'],
  ] as const)('takes %s', async (_what, request, expected) => {
    const { decision } = await previewOver()({ action: 'run_agent', ...request });
    expect(`${decision.answer} ${decision.rule?.id ?? 'none'}`).toBe(expected);
  });

  test('knows where the tools of a known agent come from', async () => {
    const preview = previewOver(
      rulesOf([], { labs: { nativeTools: 'deny', tools: ['fetch_doc'] } }),
    );
    const ask = async (resource: string) => {
      const request = { keyId: 'alice', action: 'call_tool', resource } as const;
      return (await preview({ ...request, agentId: 'labs/planner' })).decision.rule?.id;
    };
    expect(await ask('search')).toBe('namespace:labs:native_tools');
    expect(await ask('fetch_doc')).toBe('namespace:labs:tools');
  });

  test('knows the hash of the module of a known agent', async () => {
    const allow = [`sha256:${'a'.repeat(64)}`];
    const preview = previewOver(rulesOf([], { labs: { modules: { allow } } }));
    const ask = async (resource: string) => {
      const request = { principal: 'agent:labs/planner', action: 'load_module', resource } as const;
      return (await preview(request)).decision.answer;
    };
    expect(await ask(planner.modulePath)).toBe('allow');
    expect(await ask('src/agents/labs/Other/agent.ts')).toBe('deny');
  });

  test('looks at the arguments that are given', async () => {
    const when = 'args.city == "Bonn"';
    const rule: Rule = {
      ...draftRule,
      id: 'bonn',
      action: 'call_tool',
      resources: ['weather'],
      when,
      tier: 3,
      source: 'config',
    };
    const preview = previewOver(rulesOf([rule]));
    const ask = (args?: unknown) =>
      preview({ keyId: 'alice', action: 'call_tool', resource: 'weather', args });
    expect((await ask({ city: 'Bonn' })).decision.answer).toBe('deny');
    expect((await ask({ city: 'Rome' })).decision.answer).toBe('allow');
    expect((await ask()).decision.rule?.reason).toContain('needs the arguments');
  });

  test('gives the answer of a live request, for any rules', async () => {
    const rule = fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      effect: fc.constantFrom('allow', 'deny'),
      action: fc.constantFrom('run_agent', 'list_agents'),
      principals: fc.subarray(['*', 'alice', 'role:operator', 'key_m'], { minLength: 1 }),
      resources: fc.subarray(['*', 'labs/*', 'default/echo'], { minLength: 1 }),
      tier: fc.constantFrom(1, 2, 3, 4, 5),
      source: fc.constant<Rule['source']>('config'),
    });
    const asked = fc.record({
      key: fc.constantFrom(...keys),
      action: fc.constantFrom('run_agent', 'list_agents'),
      resource: fc.constantFrom('labs/planner', 'default/echo'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { maxLength: 6 }),
        asked,
        async (of, { key, ...question }) => {
          const rules = rulesOf(of);
          const principal = { type: 'key', ...key } as const;
          const live = decide(rules, { ...question, principal }, now);
          const { decision } = await previewOver(rules)({ ...question, keyId: key.id });
          expect(decision).toEqual(live);
        },
      ),
    );
  });

  test.each([
    ['a key that is not there', { keyId: 'nobody' }, 'key_id'],
    ['a principal that is nobody', { principal: 'role:boss' }, 'principal'],
    [
      'a draft with a bad condition',
      { draftRules: [{ ...draftRule, when: 'x' }] },
      'draft_rules[0].when',
    ],
    [
      'a draft with a bad pattern',
      { draftRules: [draftRule, { ...draftRule, resources: ['labs/*', 'x'] }] },
      'draft_rules[1].resources[1]',
    ],
    [
      'a draft override for nobody',
      {
        draftOverride: {
          principal: 'role:x',
          action: 'run_agent',
          resource: '*',
          effect: 'allow',
          breakGlass: false,
        },
      },
      'draft_override.principal',
    ],
  ] as const)('refuses %s', async (_what, changes, param) => {
    const { keyId, ...rest } = mayAlice;
    const request = 'principal' in changes ? rest : { keyId, ...rest };
    await expect(previewOver()({ ...request, ...changes } as PreviewRequest)).rejects.toMatchObject(
      {
        code: 'invalid_value',
        param,
      },
    );
  });

  test('answers somebody with scopes only about agents within them', async () => {
    const preview = previewOver(rulesOf([]), labsOperator);
    expect((await preview(mayAlice)).decision.answer).toBe('allow');
    const tool = { ...mayAlice, action: 'call_tool', resource: 'search' } as const;
    expect((await preview({ ...tool, agentId: 'planner' })).decision.answer).toBe('allow');
    for (const beyond of [
      { ...mayAlice, resource: 'default/echo' },
      { ...tool },
      { ...tool, agentId: 'default/echo' },
      { ...mayAlice, action: 'administer', resource: '/security/keys' },
      { ...mayAlice, keyId: undefined, principal: 'agent:default/echo', action: 'load_module' },
    ] as PreviewRequest[]) {
      await expect(preview(beyond)).rejects.toMatchObject({ code: 'not_allowed' });
    }
  });
});

describe('the preview of a draft', () => {
  test('tells before and after, and who loses', async () => {
    const { decision, draft } = await previewOver()({ ...mayAlice, draftRules: [draftRule] });
    expect(decision).toMatchObject({ answer: 'deny', rule: { id: 'try', tier: 3 } });
    expect(draft).toMatchObject({
      before: { answer: 'allow', rule: { id: 'callers-run-agents' } },
      after: { answer: 'deny', rule: { id: 'try' } },
      isTruncated: false,
    });
    // Bob never could, and Prometheus may run nothing.
    expect(draft?.changes).toEqual([
      {
        principal: expect.objectContaining({ type: 'key', id: 'key_a', name: 'alice' }),
        action: 'run_agent',
        resource: 'labs/planner',
        before: 'allow',
        after: 'deny',
      },
    ]);
  });

  test('tells who gains by an override', async () => {
    const preview = previewOver(rulesOf([], closedLabs));
    const { draft } = await preview({
      ...mayAlice,
      draftOverride: {
        principal: 'role:caller',
        action: 'run_agent',
        resource: '*',
        effect: 'allow',
        breakGlass: false,
      },
    });
    expect(draft?.after).toMatchObject({ answer: 'allow', rule: { id: 'ovr_draft', tier: 4 } });
    expect(draft?.changes.map(({ principal, resource }) => [principal.id, resource])).toEqual([
      ['key_a', 'labs/planner'],
    ]);
  });

  test('tells of tools for each agent and key, and where it depends on the arguments', async () => {
    const { draft } = await previewOver()({
      ...mayAlice,
      draftRules: [
        { ...draftRule, id: 'a', action: 'call_tool', resources: ['search'] },
        {
          ...draftRule,
          id: 'b',
          action: 'call_tool',
          resources: ['fetch_doc'],
          when: 'args.x == 1',
        },
      ],
    });
    const shown = draft?.changes.map(({ principal: { id }, agentId, resource, after }) =>
      [id, agentId, resource, after].join(' '),
    );
    expect(shown).toEqual(['key_a labs/planner search deny', 'key_a labs/planner fetch_doc ask']);
  });

  test('tells of modules, and of a route that is asked about', async () => {
    const { draft } = await previewOver()({
      keyId: 'alice',
      action: 'administer',
      resource: '/admin/agents',
      draftRules: [
        { ...draftRule, id: 'a', action: 'load_module', resources: ['src/agents/labs/*'] },
        { ...draftRule, id: 'b', effect: 'allow', action: 'administer', resources: ['/admin/*'] },
      ],
    });
    expect(
      draft?.changes.map(({ principal: { id }, action, after }) => [id, action, after]),
    ).toEqual([
      ['labs/planner', 'load_module', 'deny'],
      ['key_a', 'administer', 'allow'],
      ['key_b', 'administer', 'allow'],
    ]);
  });

  test('puts a rule in place of the one of the settings with its id', async () => {
    const stop: Rule = { ...draftRule, tier: 3, source: 'config' };
    const { draft } = await previewOver(rulesOf([stop]))({
      ...mayAlice,
      draftRules: [{ ...draftRule, resources: ['none/*'] }],
    });
    expect(draft).toMatchObject({ before: { answer: 'deny' }, after: { answer: 'allow' } });
    expect(draft?.changes).toMatchObject([{ before: 'deny', after: 'allow' }]);
  });

  test('names no agents beyond the scopes of whoever asks', async () => {
    const draft = { ...draftRule, resources: ['*'] };
    const ask = async (viewer: KeyPrincipal) => {
      const request = { ...mayAlice, draftRules: [draft] };
      return (await previewOver(rulesOf([]), viewer)(request)).draft?.changes;
    };
    expect((await ask(admin))?.map(({ resource }) => resource)).toEqual([
      'labs/planner',
      'default/echo',
      'default/echo',
    ]);
    expect((await ask(labsOperator))?.map(({ resource }) => resource)).toEqual(['labs/planner']);
  });

  test('knows callers with a token that were seen, and says what it needs of others', async () => {
    const preview = createPreview({
      rules: () => rulesOf([]),
      keys: () => keys,
      agents: () => [planner, echo],
      tokenHolder: (principal) =>
        principal === 'oidc:corp:alice'
          ? keyPrincipal('caller', { id: principal, name: principal, namespaces: ['labs'] })
          : null,
      nowSeconds: () => now,
    });
    const run = { action: 'run_agent', resource: 'default/echo' } as const;
    expect(await preview(admin, { ...run, keyId: 'oidc:corp:alice' })).toMatchObject({
      decision: { answer: 'deny', rule: { id: 'key-scopes' } },
    });
    await expect(preview(admin, { ...run, principal: 'oidc:corp:bob' })).rejects.toMatchObject({
      code: 'invalid_value',
      param: 'principal',
      message: expect.stringContaining('Claims of its token decide what this caller may do'),
    });
  });

  test('is given up where nobody waits for it any more', async () => {
    const preview = createPreview({
      rules: () => rulesOf([]),
      keys: () => keys,
      agents: () => [planner, echo],
      tokenHolder: () => null,
      nowSeconds: () => now,
    });
    const request = { ...mayAlice, draftRules: [draftRule] };
    const left = AbortSignal.abort(new Error('The caller left.'));
    await expect(preview(admin, request, left)).rejects.toThrow('The caller left.');
  });

  test('ends its list somewhere, and says so', async () => {
    const many = Array.from({ length: 600 }, (_, index) => ({ ...echo, id: `labs/a${index}` }));
    const preview = createPreview({
      rules: () => rulesOf([]),
      keys: () => keys,
      agents: () => many,
      tokenHolder: () => null,
      nowSeconds: () => now,
    });
    const { draft } = await preview(admin, {
      ...mayAlice,
      resource: 'labs/a1',
      draftRules: [draftRule],
    });
    expect(draft?.changes).toHaveLength(500);
    expect(draft?.isTruncated).toBe(true);
  });
});
