import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { sampleAgent, sampleManifest } from '../../test/support/manifest.ts';
import type { GatewayEvent } from '../events.ts';
import { builtInRules } from '../policy/rules/built-in.ts';
import { compileRules } from '../policy/rules/rule-set.ts';
import type { KeyPrincipal, Rule } from '../protocol/policy.ts';
import type { ToolDescription } from '../protocol/records.ts';
import type { Grant } from '../protocol/state/approval-store.ts';
import type { ToolVerdicts } from '../protocol/worker/messages.ts';
import { type AskingRun, createRunTools } from './run-tools.ts';
import type { ToolUser } from './tool-tables.ts';

const alice: KeyPrincipal = {
  ...({ type: 'key', id: 'key_1', name: 'alice', role: 'caller' } as const),
  namespaces: null,
  agents: null,
};

const asking: AskingRun = {
  signal: new AbortController().signal,
  trace: undefined,
  onToolCalled: () => undefined,
  countTool: () => undefined,
};

function user(tools: readonly Partial<ToolDescription>[] = [{ name: 'add' }]): ToolUser {
  const all = tools.map((tool) => ({
    name: 'add',
    type: 'function',
    description: null,
    needsApproval: false,
    ...tool,
  }));
  return {
    agentId: 'labs/a',
    modulePath: 'src/agents/labs/A/agent.ts',
    generation: 1,
    manifest: sampleManifest({ agents: [sampleAgent({ tools: all })] }),
    key: alice,
    request: { user: 'u1', metadata: {} },
  };
}

function rule(parts: Partial<Rule>): Rule {
  return {
    id: 'r',
    effect: 'deny',
    action: 'call_tool',
    principals: ['*'],
    resources: ['*'],
    tier: 3,
    source: 'config',
    ...parts,
  };
}

/** One that has a person approve what it fits. */
function approvalRule(parts: Partial<Rule> = {}): Rule {
  return rule({ requiresApproval: true, tier: 5, ...parts });
}

function scene(...rules: Rule[]) {
  let current = compileRules([...builtInRules(), ...rules]);
  let nowSeconds = 12 * 3600;
  let onChange = () => {};
  const emitted: GatewayEvent[] = [];
  const emit = (event: GatewayEvent) => void emitted.push(event);
  const asked = { rules: () => current, nowSeconds: () => nowSeconds };
  const toolsOf = createRunTools({
    ...asked,
    onChange: (listener) => {
      onChange = listener;
    },
    unknownHostedTools: () => 'deny',
    callTool: async ({ tool, args, isAllowed }) => ({
      outcome: isAllowed(args) ? 'ok' : 'denied',
      text: tool,
      durationMs: 1,
      cache: null,
      violation: null,
      argumentBytes: 2,
      resultBytes: 4,
      error: null,
      detail: null,
    }),
    emit,
  });
  /** `call_tool add allow r native`, one for each decision. */
  const decided = () =>
    emitted.map((event) => {
      if (event.type !== 'access_decided') return event.type;
      const { question, decision } = event;
      const { action, resource, context } = question;
      return [action, resource, decision.answer, decision.rule?.id, context?.provenance].join(' ');
    });
  return {
    toolsOf,
    emitted,
    decided,
    change(...changed: Rule[]) {
      current = compileRules([...builtInRules(), ...changed]);
      onChange();
    },
    passTo: (seconds: number) => {
      nowSeconds = seconds;
    },
  };
}

const ids = { runId: 'run_1', requestId: 'req_1' };

describe('the verdicts that go with a run', () => {
  test.each<[string, Rule[], ToolVerdicts]>([
    ['allow what nobody speaks of', [], { otherwise: 'allow', tools: { add: 'allow' } }],
    ['deny all by one rule', [rule({})], { otherwise: 'deny', tools: { add: 'deny' } }],
    [
      'are asked for where unknown tools could differ by name',
      [rule({ resources: ['erase_*'] })],
      { otherwise: 'ask', tools: { add: 'allow' } },
    ],
    [
      'do not ask because of rules about other agents',
      [rule({ resources: ['erase_*'], principals: ['agent:default/*'] })],
      { otherwise: 'allow', tools: { add: 'allow' } },
    ],
    [
      'are asked for where the arguments decide',
      [rule({ resources: ['add'], when: 'args.n > 3' })],
      { otherwise: 'ask', tools: { add: 'ask' } },
    ],
    [
      'know the request',
      [rule({ when: 'context.user == "u1"' })],
      { otherwise: 'deny', tools: { add: 'deny' } },
    ],
    [
      'are asked for where the origin of a tool decides',
      [rule({ tier: 6, provenances: ['native'] })],
      { otherwise: 'ask', tools: { add: 'ask' } },
    ],
    [
      'want each call approved',
      [approvalRule({ resources: ['add'] })],
      { otherwise: 'ask_approval', tools: { add: 'require_approval' } },
    ],
    [
      'ask whether a call is to be approved where its arguments decide',
      [approvalRule({ resources: ['add'], when: 'args.n > 3' })],
      { otherwise: 'ask_approval', tools: { add: 'ask_approval' } },
    ],
    [
      'do not ask for approval of others',
      [approvalRule({ resources: ['add'], principals: ['agent:default/*'] })],
      { otherwise: 'allow', tools: { add: 'allow' } },
    ],
    [
      'ask for approval where one origin of a tool wants it',
      [approvalRule({ tier: 6, provenances: ['mcp'] })],
      { otherwise: 'ask_approval', tools: { add: 'ask_approval' } },
    ],
  ])('%s', (_what, rules, verdicts) => {
    expect(scene(...rules).toolsOf(user(), ids).verdicts).toEqual(verdicts);
  });

  test('on tools that run elsewhere never wait for arguments', () => {
    const { toolsOf } = scene(
      rule({ resources: ['web_search'], when: 'args.q == "x"' }),
      rule({ id: 's', resources: ['shell'], effect: 'allow', tier: 1 }),
    );
    const tools = [
      { name: 'web_search', type: 'hosted_tool' },
      { name: 'shell', type: 'shell' },
    ];
    expect(toolsOf(user(tools), ids).verdicts.tools).toEqual({
      web_search: 'deny',
      shell: 'allow',
    });
  });

  test('are made once for all runs of an agent and key, unless a condition looks at the request', () => {
    const plain = scene(rule({ resources: ['erase'] }));
    const conditional = scene(rule({ when: 'context.user == "u2"' }));
    const isKept = ({ toolsOf }: typeof plain) =>
      toolsOf(user(), ids).verdicts ===
      toolsOf(user(), { runId: 'run_2', requestId: 'req_2' }).verdicts;
    expect([isKept(plain), isKept(conditional)]).toEqual([true, false]);
  });

  test('are those of the user for whom the key asks', () => {
    const { toolsOf } = scene(rule({ principals: ['user:eve'] }));
    const verdictFor = (id: string) => {
      const key = { ...alice, user: { id, principal: `user:${id}` } };
      return toolsOf({ ...user(), key }, ids).verdicts.tools.add;
    };
    expect(['ann', 'eve', 'bob'].map(verdictFor)).toEqual(['allow', 'deny', 'allow']);
  });
});

describe('a change of the rules', () => {
  test('is told to the runs it concerns until they are over, and to no others', () => {
    const { toolsOf, change } = scene();
    const heard: ToolVerdicts[] = [];
    const stop = toolsOf(user(), ids).follow((verdicts) => heard.push(verdicts));
    change(rule({ action: 'run_agent' }));
    expect(heard).toEqual([]);
    change(rule({ resources: ['add'] }));
    expect(heard).toEqual([{ otherwise: 'ask', tools: { add: 'deny' } }]);
    stop();
    change();
    expect(heard).toHaveLength(1);
  });

  test('that only time brings is told within a second', async () => {
    const night = rule({ resources: ['web_search'], when: 'context.hour < 6' });
    const { toolsOf, passTo } = scene(night);
    const search = [{ name: 'web_search', type: 'hosted_tool' }];
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const tools = toolsOf(user(search), ids);
    expect(tools.verdicts.tools).toEqual({ web_search: 'allow' });
    const heard: ToolVerdicts[] = [];
    const stop = tools.follow((verdicts) => heard.push(verdicts));
    passTo(2 * 3600);
    vi.advanceTimersByTime(1000);
    expect(heard.map(({ tools }) => tools)).toEqual([{ web_search: 'deny' }]);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('what a worker made of its verdicts', () => {
  const call = { runId: 'r', tool: 'add', provenance: 'native', answer: 'allow' } as const;

  test('is recorded with the rule behind it, the agent, the key and the module', () => {
    const { toolsOf, decided, emitted } = scene(rule({ resources: ['add'] }));
    const tools = toolsOf(user(), ids);
    tools.onDecided({ ...call, answer: 'deny' });
    expect(decided()).toEqual(['call_tool add deny r native']);
    expect(emitted[0]).toMatchObject({
      requestId: 'req_1',
      run: { runId: 'run_1', generation: 1 },
      question: {
        principal: { type: 'agent', id: 'labs/a', key: { id: 'key_1' } },
        context: { agent_id: 'labs/a' },
        modulePath: 'src/agents/labs/A/agent.ts',
      },
    });
  });

  test('is recorded by the rules it could know of', () => {
    const { toolsOf, decided, change } = scene();
    const tools = toolsOf(user(), ids);
    tools.follow(() => undefined);
    change(rule({ resources: ['add'] }));
    tools.onDecided(call);
    tools.onDecided({ ...call, answer: 'deny' });
    expect(decided()).toEqual([
      'call_tool add allow agents-call-their-tools native',
      'call_tool add deny r native',
    ]);
  });

  test('is held to the new rules once it had time to hear of them', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { toolsOf, decided, change } = scene();
    const tools = toolsOf(user(), ids);
    tools.follow(() => undefined);
    change(rule({ resources: ['add'] }));
    vi.advanceTimersByTime(6000);
    tools.onDecided(call);
    expect(decided()).toEqual(['call_tool add deny r native']);
  });

  test('is not believed where no rule said so', () => {
    const { toolsOf, decided } = scene(rule({ resources: ['add'] }));
    toolsOf(user(), ids).onDecided(call);
    expect(decided()).toEqual(['call_tool add deny r native']);
  });
});

describe('why a person is asked', () => {
  const call = { tool: 'add', provenance: 'native', arguments: '{"n":4}' } as const;

  test('is the rule that wants it, with who may answer; the agent itself needs none', () => {
    const named = approvalRule({ when: 'args.n > 3', approvers: ['role:admin'] });
    const tools = scene(named).toolsOf(user(), ids);
    expect(tools.whyAsked(call)).toEqual({ ruleId: 'r', approvers: ['role:admin'] });
    expect(tools.whyAsked({ ...call, arguments: '{"n":3}' })).toEqual({
      ruleId: null,
      approvers: null,
    });
  });

  test('of a tool of a server at the upstream is the rule about that server', () => {
    const server = { name: 'mcp:mcp.example', aliases: ['hosted_mcp'], isKnown: true };
    const tools = scene(approvalRule({ resources: ['mcp:*'], approvers: ['bob'] })).toolsOf(
      user(),
      ids,
    );
    const push = { ...call, tool: 'push', provenance: 'hosted' } as const;
    expect(tools.whyAsked(push).ruleId).toBeNull();
    expect(tools.decideHosted(server)).toBe('require_approval');
    expect(tools.whyAsked(push)).toEqual({ ruleId: 'r', approvers: ['bob'] });
    expect(tools.whyAsked(call).ruleId).toBeNull();
  });
});

describe('a question of a worker', () => {
  const ask = { ask: 'authorize_tool', tool: 'add', provenance: 'mcp' } as const;

  test('is told one by one a thousand times of each answer, and what comes after once at the end', async () => {
    const { toolsOf, emitted } = scene(rule({ resources: ['drop'] }));
    const tools = toolsOf(user(), ids);
    const end = tools.follow(() => undefined);
    const claim = { runId: 'run_1', tool: 'add', provenance: 'native', answer: 'allow' } as const;
    for (let index = 0; index < 1200; index++) tools.onDecided(claim);
    tools.onDecided({ ...claim, tool: 'drop', answer: 'deny' });
    await tools.answer({ ask: 'authorize_tool', tool: 'add', arguments: { n: 1 } }, asking);
    expect(emitted).toHaveLength(1001);
    end();
    expect(emitted).toHaveLength(1002);
    expect(emitted.at(-1)).toEqual({
      type: 'access_decided',
      question: expect.not.objectContaining({ args: { n: 1 } }),
      decision: expect.objectContaining({ answer: 'allow' }),
      requestId: 'req_1',
      run: { runId: 'run_1', generation: 1 },
      times: 201,
    });
  });

  test('tells whether a person has to approve a call, and records nothing', async () => {
    const { toolsOf, emitted } = scene(approvalRule({ when: 'args.n > 3' }));
    const { answer } = toolsOf(user(), ids);
    const needed = (n: number) =>
      answer(
        { ask: 'approval_needed', tool: 'add', provenance: 'native', arguments: { n } },
        asking,
      );
    expect(await needed(4)).toEqual({ type: 'value', value: true });
    expect(await needed(3)).toEqual({ type: 'value', value: false });
    expect(emitted).toEqual([]);
  });

  test('about a call that needs approval is yes for the one that was approved alone', async () => {
    const { toolsOf, emitted } = scene(approvalRule());
    const grant = { approvalId: 'apr_1', callId: 'c1', tool: 'add', arguments: '{"n": 4, "m": 1}' };
    const grants = [
      { ...grant, always: false },
      { ...grant, tool: 'look', always: true },
    ];
    const { answer } = toolsOf(user(), { ...ids, grants });
    const may = async (tool: string, toolCallId: string | null, args: unknown) => {
      const call = toolCallId === null ? {} : { toolCallId };
      const asked = { ...ask, tool, arguments: args, ...call };
      return (await answer(asked, asking)) as { readonly value?: unknown };
    };
    const exact = { m: 1, n: 4 };
    expect([
      await may('add', 'c1', exact),
      await may('add', 'c1', exact),
      await may('add', 'c1', { ...exact, n: 5 }),
      await may('add', 'c2', exact),
      await may('add', null, exact),
      await may('drop', 'c1', exact),
      await may('look', 'c9', { any: 1 }),
    ]).toEqual(
      [true, false, false, false, false, false, true].map((value) => ({ type: 'value', value })),
    );
    expect(emitted[0]).toMatchObject({
      decision: { answer: 'allow', rule: { id: 'r', reason: 'Approved by apr_1.' } },
    });
    expect(emitted[1]).toMatchObject({ decision: { answer: 'require_approval' } });
  });

  test('about a tool here is no approval of one by its name at the upstream, nor the other way round', async () => {
    const { toolsOf } = scene(approvalRule());
    const grant = { approvalId: 'apr_1', callId: 'c1', tool: 'add', arguments: '{}', always: true };
    const may = async (...grants: Grant[]) => {
      const { answer, isApprovedHosted } = toolsOf(user(), { ...ids, grants });
      const here = await answer({ ...ask, tool: 'add', toolCallId: 'c9', arguments: {} }, asking);
      return [(here as { value?: unknown }).value, isApprovedHosted({ id: 'm9', tool: 'add' })];
    };
    expect(await may(grant)).toEqual([true, false]);
    expect(await may({ ...grant, hosted: true })).toEqual([false, true]);
  });

  test('about a gateway tool that was approved is yes once', async () => {
    const { toolsOf } = scene(approvalRule());
    const grant = { approvalId: 'apr_1', callId: 'c1', tool: 'open', arguments: '', always: false };
    const { answer } = toolsOf(user(), { ...ids, grants: [grant] });
    const call = { ask: 'call_tool', tool: 'open', toolCallId: 'c1', arguments: {} } as const;
    expect(await answer(call, asking)).toMatchObject({ outcome: 'ok' });
    expect(await answer(call, asking)).toMatchObject({ outcome: 'denied' });
  });

  test('is decided with the arguments, and recorded once', async () => {
    const { toolsOf, decided } = scene(rule({ resources: ['add'], when: 'args.n > 3' }));
    const tools = toolsOf(user(), ids);
    const answerOn = (args: unknown) => tools.answer({ ...ask, arguments: args }, asking);
    expect(await answerOn({ n: 4 })).toEqual({ type: 'value', value: false });
    expect(await answerOn({ n: 3 })).toEqual({ type: 'value', value: true });
    expect(await answerOn('no object')).toEqual({ type: 'value', value: false });
    expect(decided()).toEqual([
      'call_tool add deny r mcp',
      'call_tool add allow agents-call-their-tools mcp',
      'call_tool add deny r mcp',
    ]);
  });

  test('for a gateway tool goes to what calls them, with the rules to ask and the result told of', async () => {
    const { toolsOf, decided } = scene(rule({ resources: ['secret'] }));
    const { answer } = toolsOf(user(), ids);
    const call = { ask: 'call_tool', arguments: {} } as const;
    const told: string[] = [];
    const onToolCalled: AskingRun['onToolCalled'] = ({ tool }, { outcome }) =>
      void told.push(`${tool} ${outcome}`);
    expect(await answer({ ...call, tool: 'secret' }, { ...asking, onToolCalled })).toMatchObject({
      type: 'tool',
      outcome: 'denied',
    });
    expect(await answer({ ...call, tool: 'open' }, { ...asking, onToolCalled })).toMatchObject({
      type: 'tool',
      outcome: 'ok',
      text: 'open',
    });
    expect(told).toEqual(['secret denied', 'open ok']);
    expect(decided()).toEqual([
      'call_tool secret deny r gateway',
      'call_tool open allow agents-call-their-tools gateway',
    ]);
  });
});
