import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import { sampleAgent, sampleManifest } from '../../../test/support/manifest.ts';
import { someDecision } from '../../../test/support/security-fakes.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';
import { openStore } from '../../storage/open-store.ts';

const settings = `
security:
  namespaces:
    labs: { run_agents: deny }
  rules:
    - { id: no-bob, effect: deny, action: run_agent, principals: [bob], resources: ["labs/*"], reason: left }
`;

let project: TemporaryProject;
let run: ReturnType<typeof inProcessCli>;
let aliceId = '';

/** One project for all: labs/planner has loaded before, alice is a caller, one decision is kept. */
beforeAll(async () => {
  project = temporaryProject();
  project.write('gateway.yaml', settings);
  run = inProcessCli(project.folder);
  aliceId = (await json('keys', 'create', '--name', 'alice')).id;
  const store = await openStore(`sqlite:${join(project.folder, '.dropgate/gateway.db')}`);
  await store.generations.put({
    agentId: 'labs/planner',
    modulePath: 'src/agents/labs/Planner/agent.ts',
    generation: 1,
    conditions: 'c',
    manifest: sampleManifest({ agents: [sampleAgent()] }),
    prints: [],
    envSha256: null,
    filesHash: 'a1',
    loadedAtSeconds: 1,
  });
  await store.decisions.append([{ ...someDecision, keyId: aliceId }]);
  await store.close();
});

afterAll(() => project.dispose());

async function json(...args: string[]) {
  const { code, out, err } = await run(...args, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

const security = (...args: string[]) => run('security', ...args);

describe('dropgate security rules', () => {
  test('lists every tier in order, with what a row has no room for below it', async () => {
    const { out } = await security('rules');
    expect(out.split('\n').slice(0, 4)).toEqual([
      expect.stringMatching(/^TIER {2}SOURCE +EFFECT +ACTION +PRINCIPALS +RESOURCES +RULE$/),
      expect.stringMatching(/^3 +config +deny +run_agent +bob +labs\/\* +no-bob$/),
      '      because left',
      expect.stringMatching(
        /^6 +namespace +deny +run_agent +\* +labs\/\* +namespace:labs:run_agents$/,
      ),
    ]);
    const { rules } = await json('security', 'rules');
    expect(rules[0]).toEqual({
      order: 1,
      id: 'no-bob',
      tier: 3,
      source: 'config',
      effect: 'deny',
      action: 'run_agent',
      principals: ['bob'],
      resources: ['labs/*'],
      when: null,
      expires_at: null,
      reason: 'left',
    });
  });
});

describe('dropgate security preview', () => {
  const asAlice = ['run_agent', 'labs/planner', '--key', 'alice'];

  test('tells who decides and what else fits', async () => {
    const { code, out } = await security('preview', ...asAlice);
    expect(code).toBe(0);
    expect(out).toContain(
      'alice run_agent labs/planner: deny by namespace:labs:run_agents (tier 6, namespace)',
    );
    expect(out).toContain('callers-run-agents');
    expect(out).toContain(
      `To allow it for a while: \`dropgate security override allow run_agent labs/planner --principal ${aliceId} --ttl 30m --reason "why"\`\n`,
    );
    expect(await json('security', 'preview', ...asAlice)).toMatchObject({
      decision: 'deny',
      rule: { id: 'namespace:labs:run_agents', tier: 6, source: 'namespace' },
    });
  });

  test('tries rules of a file and tells who gains', async () => {
    project.write(
      'draft.yaml',
      '- { id: try, effect: allow, action: run_agent, principals: [alice], resources: ["labs/*"] }\n',
    );
    const draft = ['--draft-rules', join(project.folder, 'draft.yaml')];
    const { out } = await security('preview', ...asAlice, ...draft);
    expect(out).toContain('alice run_agent labs/planner: allow by try (tier 5, config)');
    expect(out).toContain('Without the draft: deny by namespace:labs:run_agents');
    const shown = await json('security', 'preview', ...asAlice, ...draft);
    expect(shown.changes).toContainEqual({
      principal: { type: 'key', id: aliceId, name: 'alice' },
      agent_id: null,
      action: 'run_agent',
      resource: 'labs/planner',
      before: 'deny',
      after: 'allow',
    });
    // gateway.yaml is a draft too, as it stands.
    const whole = ['--draft-rules', 'gateway.yaml'];
    expect((await json('security', 'preview', ...asAlice, ...whole)).changes).toEqual([]);
  });

  test('tries an override, and knows the tools of an agent', async () => {
    const override = { effect: 'deny', action: 'call_tool', resource: '*', principal: 'alice' };
    const shown = await json(
      'security',
      'preview',
      'call_tool',
      'get_weather',
      '--key',
      aliceId,
      '--agent',
      'labs/planner',
      '--args',
      '{"city":"Oslo"}',
      '--draft-override',
      JSON.stringify(override),
    );
    expect(shown).toMatchObject({ before: { decision: 'allow' }, after: { decision: 'deny' } });
    expect(shown.changes).toMatchObject([{ agent_id: 'labs/planner', resource: 'get_weather' }]);
  });

  test.each([
    [['run_agent', 'labs/planner'], 'Say of whom: one of --key, --principal and --token-file.'],
    [
      [...asAlice, '--principal', 'role:caller'],
      'Say of whom: one of --key, --principal and --token-file.',
    ],
    [['run_agent', 'x', '--key', 'nobody'], 'No key that can be used has this id or name.'],
    [[...asAlice, '--args', '{'], '--args takes JSON'],
    [[...asAlice, '--draft-override', '{"effect":"allow"}'], 'draft_override.principal: '],
  ])('takes %j as wrong usage', async (args, message) => {
    const { code, out, err } = await security('preview', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test('says what is wrong with a draft file', async () => {
    const absent = await security('preview', ...asAlice, '--draft-rules', '/nowhere.yaml');
    expect([absent.code, absent.err]).toEqual([
      1,
      'error: /nowhere.yaml cannot be read (ENOENT).\n',
    ]);
    project.write('broken.yaml', '- {');
    const broken = join(project.folder, 'broken.yaml');
    const unread = await security('preview', ...asAlice, '--draft-rules', broken);
    expect(unread.err).toContain('broken.yaml is no YAML: ');
    project.write('empty.yaml', 'server: {}');
    const empty = await security('preview', ...asAlice, '--draft-rules', 'empty.yaml');
    expect(empty.err).toContain('empty.yaml holds no rules: give a list, or security.rules.');
  });
});

describe('dropgate security override', () => {
  const allow = ['allow', 'run_agent', 'labs/planner', '--principal', 'alice', '--reason', 'Demo.'];

  test('permits for a while, lists it and ends it', async () => {
    const made = await json('security', 'override', ...allow, '--ttl', '1h');
    expect(made).toMatchObject({
      id: expect.stringMatching(/^ovr_/),
      state: 'active',
      effect: 'allow',
      principal: 'alice',
      action: 'run_agent',
      resource: 'labs/planner',
      break_glass: false,
      reason: 'Demo.',
      created_by: expect.stringMatching(/^cli:./),
    });
    expect(Date.parse(made.expires_at) - Date.parse(made.created_at)).toBe(3_600_000);
    const preview = await json(
      'security',
      'preview',
      'run_agent',
      'labs/planner',
      '--key',
      'alice',
    );
    expect(preview.rule).toMatchObject({ id: made.id, tier: 4, source: 'override' });
    expect((await security('overrides', '--active')).out).toMatch(
      new RegExp(
        `^ID .*\\n${made.id} +active +allow +alice +run_agent +labs/planner .* Demo\\.\\n$`,
      ),
    );
    expect((await security('revoke', made.id)).out).toBe(`Override ${made.id} is ended.\n`);
    expect((await json('security', 'overrides')).overrides).toMatchObject([
      { id: made.id, state: 'revoked', revoked_by: made.created_by },
    ]);
    expect((await security('overrides', '--active')).err).toBe('No override holds now.\n');
    expect(await security('revoke', made.id)).toMatchObject({
      code: 1,
      err: `error: No override ${made.id} holds now. See \`dropgate security overrides --active\`.\n`,
    });
  });

  test('warns where no key is the principal, which a misspelt name may mean', async () => {
    const { code, out, err } = await security('override', ...allow, '--principal', 'alicia');
    expect(code).toBe(0);
    expect(err).toContain('warning: No key has the id or the name alicia now.');
    await security('revoke', String(/ovr_[\w-]+/.exec(out)));
  });

  test.each([
    [['--ttl', '25h'], 'Give a number and s, m or h, up to 24h.'],
    [['--reason', ' '], 'Say why, in at most 500 characters.'],
    [['--principal', 'role:king'], 'The roles are caller, operator, admin and metrics.'],
  ])('takes %j as wrong usage', async (args, message) => {
    const { code, err } = await security('override', ...allow, ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe('dropgate security decisions', () => {
  test('finds by the name of a key, and tells the rule', async () => {
    expect((await security('decisions', '--key', 'alice', '--effect', 'deny')).out).toBe(
      [
        'TIME                      EFFECT  ACTION     RESOURCE  KEY               AGENT         TIER  RULE',
        `2026-11-22T11:59:59.000Z  deny    call_tool  weather   ${aliceId}  labs/planner  3     no-weather`,
        '',
      ].join('\n'),
    );
    const { decisions, next } = await json(
      'security',
      'decisions',
      '--agent',
      'labs/planner',
      '--tool',
      'weather',
      '--since',
      '2026-11-22T11:00Z',
      '--until',
      '2026-11-22T12:00Z',
      '--rule',
      'no-weather',
    );
    expect(decisions).toMatchObject([{ id: 'dec_1', request_id: 'req_1', source: 'config' }]);
    expect(next).toBeNull();
    expect((await security('decisions', '--effect', 'allow')).err).toBe('No decision fits.\n');
  });
});

describe('dropgate audit', () => {
  test('exits with 1 where something is worth a change, and says what', async () => {
    const { code, out } = await run('audit');
    expect(code).toBe(1);
    expect(out).toContain('warning  no_admin_key\n');
    expect(out).toContain('Rule no-bob fits no key and no agent that is known.');
    expect(out).toMatch(
      /Looked at 1 agent, \d+ rules, 0 open overrides, 1 key \(0 admins\): 3 warnings\.\n$/,
    );
  });

  test('exits with 0 where there is nothing to change', async () => {
    project.write('gateway.yaml', settings.replace('[bob]', '[alice]'));
    await json('keys', 'create', '--name', 'root', '--role', 'admin', '--expires', '30d');
    await json('keys', 'revoke', 'alice');
    await json('keys', 'create', '--name', 'alice', '--expires', '30d');
    const { findings, summary } = await json('audit');
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ agents: 1, overrides: 0, keys: 2, admin_keys: 1 });
  });
});

test('dropgate keys create warns of a namespace that no agent is in', async () => {
  const made = await run('keys', 'create', '--namespaces', 'lbas', '--agents', 'labs/*');
  expect(made.code).toBe(0);
  expect(made.err).toContain(
    'warning: No agent is in the namespace lbas so far. Did you mean labs?',
  );
  expect(made.err).not.toContain('namespace labs');
});
