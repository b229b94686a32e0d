import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { ConfigError } from './config-error.ts';
import { createLiveConfig } from './live-config.ts';
import { loadConfig } from './load-config.ts';

async function security(yaml: string) {
  const projectRoot = await tempFolder({ 'gateway.yaml': yaml });
  return loadConfig({ projectRoot, env: {}, command: 'start' }).security;
}

async function problems(yaml: string): Promise<string[]> {
  try {
    await security(yaml);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, setting, message }) => `${line} ${setting}: ${message}`);
  }
}

/** One rule on line 3, with some of its fields replaced. */
function withRule(changes: Record<string, unknown>): string {
  const rule = {
    id: 'no-weather',
    effect: 'deny',
    action: 'call_tool',
    principals: ['*'],
    resources: ['weather'],
    ...changes,
  };
  return `security:\n  rules:\n    - ${JSON.stringify(rule)}\n`;
}

describe('the security section', () => {
  test('has a default for everything', async () => {
    expect(await security('')).toEqual({
      namespaces: {},
      rules: [],
      limits: {
        requestsPerMinute: null,
        concurrentRuns: null,
        tokensPerDay: null,
        tokensPerMonth: null,
        usdPerDay: null,
        usdPerMonth: null,
      },
      decisions: { keepDays: 30, keepCount: 100_000 },
      callsOutsideRuns: 'refuse_budgeted',
      unknownHostedTools: 'allow',
      deniedHostedTools: 'remove',
      userLimits: {
        requestsPerMinute: null,
        concurrentRuns: null,
        tokensPerDay: null,
        tokensPerMonth: null,
        usdPerDay: null,
        usdPerMonth: null,
      },
      runLimits: {},
      storeGraceMs: 300_000,
    });
  });

  test('becomes rules of tier 3 and 5, and defaults of namespaces', async () => {
    const settled = await security(`
security:
  namespaces:
    labs: { run_agents: deny, native_tools: allow, tools: [fetch_doc], modules: { allow: ["src/agents/labs/**"] } }
    open: { run_agents: [alice, "role:operator", "agent:labs/*"] }
  rules:
    - { id: no-weather-at-night, effect: deny, action: call_tool, principals: ["*"], resources: [weather], when: "context.hour < 6", reason: quota }
    - id: demo
      effect: allow
      action: run_agent
      principals: [alice]
      resources: ["labs/*"]
      expires_at: 2026-12-31T00:00:00+01:00
  limits: { requests_per_minute: 60 }
  decisions: { keep_days: 7 }
  store_grace_ms: 1000
`);
    expect(settled).toMatchObject({
      namespaces: {
        labs: {
          runAgents: 'deny',
          nativeTools: 'allow',
          tools: ['fetch_doc'],
          modules: { allow: ['src/agents/labs/**'] },
        },
        open: { runAgents: ['alice', 'role:operator', 'agent:labs/*'] },
      },
      limits: { requestsPerMinute: 60, concurrentRuns: null },
      decisions: { keepDays: 7, keepCount: 100_000 },
      callsOutsideRuns: 'refuse_budgeted',
      unknownHostedTools: 'allow',
      deniedHostedTools: 'remove',
      storeGraceMs: 1_000,
    });
    expect(settled.rules).toEqual([
      {
        id: 'no-weather-at-night',
        effect: 'deny',
        tier: 3,
        source: 'config',
        action: 'call_tool',
        principals: ['*'],
        resources: ['weather'],
        when: 'context.hour < 6',
        reason: 'quota',
      },
      {
        id: 'demo',
        effect: 'allow',
        tier: 5,
        source: 'config',
        action: 'run_agent',
        principals: ['alice'],
        resources: ['labs/*'],
        expiresAtSeconds: 1_798_671_600,
      },
    ]);
  });

  test.each([
    ['a misspelt field', { principal: ['*'] }, 'rules.0.principal: There is no such setting.'],
    [
      'an effect that is none',
      { effect: 'ask' },
      'effect: "ask" is not allowed. Allowed: allow, deny',
    ],
    ['an action that is none', { action: 'fly' }, 'Allowed: list_agents, run_agent, call_tool'],
    ['the id of an override', { id: 'ovr_1' }, 'that do not begin with ovr_.'],
    [
      'nobody',
      { principals: [] },
      'principals: This value is not allowed. Allowed: a list of keys',
    ],
    [
      'a role that is none',
      { principals: ['*', 'role:boss'] },
      'principals.1: There is no role:boss.',
    ],
    ['an agent without a namespace', { principals: ['agent:x'] }, 'Write default/x, or */x'],
    ['a principal that is none', { principals: ['group:x'] }, 'is no principal. Write the id'],
    [
      'a model id without a namespace',
      { action: 'run_agent', resources: ['planner'] },
      'resources.0: "planner" fits no model id, which has a namespace.',
    ],
    ['a path from the root', { action: 'load_module', resources: ['/a/*'] }, 'fits no module'],
    ['a path with a step up', { action: 'load_module', resources: ['a/../b'] }, 'fits no module'],
    [
      'a tool where modules go',
      { action: 'load_module', resources: ['tool:x'] },
      'fits no module. Write src/tools/x.*, or agent:tool:x among the principals.',
    ],
    ['a short hash', { action: 'load_module', resources: ['sha256:ab'] }, '64 digits'],
    ['no route', { action: 'administer', resources: ['keys'] }, 'is no route.'],
    ['a time that is none', { expires_at: 'soon' }, 'Allowed: a time such as 2026-12-31T23:59:59Z'],
    ['an unknown name', { when: 'agnt.id == ""' }, 'rules.0.when: The condition is wrong at'],
    [
      'arguments of a run',
      { action: 'list_agents', resources: ['*'], when: 'has(args.x)' },
      'Only tool',
    ],
  ])('refuses a rule with %s, at its line', async (_what, changes, message) => {
    const [only, ...others] = await problems(withRule(changes));
    expect(others).toEqual([]);
    expect(only).toMatch(/^3 security\.rules\.0/);
    expect(only).toContain(message);
  });

  test('refuses two rules of one id, and all that is wrong at once', async () => {
    const rule = '{ id: a, effect: deny, action: run_agent, principals: ["*"], resources: ["*"] }';
    const yaml = `security:
  namespaces:
    labs: { run_agents: ["role:x"], modules: { allow: ["/x"] } }
  rules:
    - ${rule}
    - ${rule}
`;
    expect((await problems(yaml)).map((problem) => problem.split(':')[0])).toEqual([
      '3 security.namespaces.labs.run_agents.0',
      '3 security.namespaces.labs.modules.allow.0',
      '6 security.rules.1.id',
    ]);
  });
});

test('rules of a running gateway follow the file all together, or stay as they were', async () => {
  const projectRoot = await tempFolder({ 'gateway.yaml': withRule({}) });
  const read = async () => loadConfig({ projectRoot, env: {}, command: 'start' });
  const live = createLiveConfig(await read(), read);
  const edit = (yaml: string) => writeFile(join(projectRoot, 'gateway.yaml'), yaml);
  await edit(withRule({ id: 'other' }));
  expect(await live.reload()).toEqual([]);
  expect(live.current().security.rules.map(({ id }) => id)).toEqual(['other']);
  await edit(`${withRule({ id: 'third' })}    - ${JSON.stringify({ id: 'half' })}\n`);
  expect(await live.reload()).not.toEqual([]);
  await edit(withRule({ id: 'fourth', when: 'nobody' }));
  expect(await live.reload()).toMatchObject([
    {
      code: 'bad_setting',
      severity: 'error',
      line: 3,
      message: expect.stringMatching(/Unknown variable: nobody\. The settings before stay\.$/),
    },
  ]);
  expect(live.current().security.rules.map(({ id }) => id)).toEqual(['other']);
});
