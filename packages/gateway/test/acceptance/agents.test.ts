import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ChatCompletionCreateParams } from 'openai/resources';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReplayReport } from '../../src/protocol/admin/replay-answer.ts';
import type { RunDetail, RunPage } from '../../src/protocol/admin/runs-answer.ts';
import type { OverrideAnswer, PreviewAnswer } from '../../src/protocol/security/answers.ts';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import {
  agentNames,
  type Language,
  languages,
  modelAnswers,
  modelOf,
  rowsOf,
  sourceOf,
} from './agents-table.ts';
import { failureOf, ways } from './ask.ts';
import { call, diagnosticsOf, expectNoInsides, logOf, post, watchCancelled } from './call.ts';
import { allWays } from './formats.ts';
import { packageRoot, startGateway, type TestGateway, warmProject } from './harness.ts';
import { costOf, type Parrot, startParrot } from './parrot.ts';
import type { Project } from './project.ts';
import { until } from './until.ts';

const missing = await missingPython();
const here = languages.filter(({ language }) => language === 'TypeScript' || missing === null);

/** Many load at once, as long as it takes. Then a tool that nobody may call, and what the operator gives to agents. */
const settings = `worker: { spares: 0, load_timeout_ms: ${hangTimeoutMs} }
agents:
  "default/desk*": { env: { DESK_SHOP: { file: shop-of-all } } }
  default/deskts: { env: { DESK_SHOP: { env: SHOP_OF_TS } } }
security:
  rules:
    - { id: no-singing, effect: deny, action: call_tool, principals: ["*"], resources: [sing] }
`;

/** What a caller that runs tools itself sends along; agents have their own. */
const clock = {
  type: 'function',
  function: { name: 'clock', parameters: { type: 'object', properties: {} } },
} as const;

let parrot: Parrot;
let project: Project;
let gateway: TestGateway;
let apiKey: string;

beforeAll(async () => {
  parrot = await startParrot(modelAnswers);
  project = await warmProject();
  await project.copy(join(dirname(dirname(packageRoot)), 'docs/sample'), 'docs/sample');
  const modules = here.flatMap(({ ending }) =>
    agentNames.map((name) => [
      `src/agents/${name}${ending}/agent.${ending}`,
      sourceOf(name, ending),
    ]),
  );
  gateway = await startGateway({
    project,
    files: {
      ...Object.fromEntries(modules),
      'src/agents/Deskts/.env': 'DESK_CITY=Turin\nDESK_SHOP=nowhere\n',
      'src/agents/Deskpy/.env': 'DESK_CITY=Padua\n',
      'gateway.yaml': settings,
      'shop-of-all': 'the market\n',
    },
    env: {
      ...(missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() }),
      SHOP_OF_TS: 'the station',
      OPENAI_API_KEY: 'sk-parrot',
      OPENAI_BASE_URL: parrot.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
    },
  });
  apiKey = await gateway.createCallerKey();
});
afterAll(async () => {
  await gateway?.stop();
  await project?.remove();
  parrot?.stop();
});

test('the list of models has each agent, and each is told by its id', async () => {
  const ids = here.flatMap(({ ending }) =>
    agentNames.map((name) => `default/${modelOf(name, ending)}`),
  );
  const client = gateway.client({ apiKey });
  const models = await Array.fromAsync(client.models.list());
  expect(models.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  for (const id of ids) expect(await client.models.retrieve(id)).toMatchObject({ id });
  expect(await (await gateway.fetch('/admin/agents/errors?severity=error')).json()).toMatchObject({
    errors: [],
  });
});

for (const one of languages) {
  const left = one.language === 'Python' ? missing : null;
  describe.skipIf(left)(`agents in ${one.language} (${left ?? 'run'})`, () => scenes(one));
}

function scenes({ language, ending, broken }: Language): void {
  const desk = modelOf('Desk', ending);
  const rows = rowsOf({ language, ending, broken } as Language);
  const question = (what: string) => rows.find((row) => row.what === what)?.asks as string;

  describe.each(allWays)('asked $how', ({ way, format, ask, toolsOf, statusOf }) => {
    test.each(rows)('$agent $what', async (row) => {
      const asked = { apiKey, model: modelOf(row.agent, ending), messages: row.asks };
      if ('error' in row) {
        const failure = await failureOf(ask(gateway, asked));
        expect(failure).toMatchObject({ code: row.error, status: statusOf(row.status) });
        expectNoInsides(JSON.stringify(failure.error));
        return;
      }
      const before = parrot.calls().length;
      const reply = await ask(gateway, { ...asked, tools: [clock] });
      expect(reply.waitsFor).toEqual('waits' in row ? [row.waits] : []);
      if ('waits' in row) {
        expect(reply.finishReason).toBe(row.finish[format]);
        expect(reply.usage).toEqual(costOf(row.calls));
        return;
      }
      const text = way === 'streamed' ? (row.toldText ?? row.text) : row.text;
      expect(reply.content).toEqual(text instanceof RegExp ? expect.stringMatching(text) : text);
      expect(reply.finishReason).toBe(row.finish ?? 'stop');
      expect(reply.usage).toEqual(costOf(row.calls));
      const calls = parrot.calls().slice(before);
      expect(calls).toHaveLength(row.calls);
      // What a caller sends along is its own to run, and no agent’s.
      expect(calls.filter(({ tools }) => tools.includes('clock'))).toEqual([]);
      if (toolsOf) expect(toolsOf(reply)).toEqual(row.tools ?? []);
    });

    test('goes on after a tool that throws, which is told with its line', async () => {
      const reply = await ask(gateway, { model: desk, messages: 'call lose {"thing":"key"}' });
      expect(reply.content).toMatch(/^Help\. \[An error occurred while running the tool/);
      const threw = await until('the diagnostic', async () =>
        (await diagnosticsOf(gateway, `default/${desk}`)).find(({ code }) => code === 'tool_threw'),
      );
      expect(threw).toMatchObject({ stage: 'tool', message: expect.stringContaining('the key') });
      const line = sourceOf('Desk', ending).split('\n')[(threw.line ?? 0) - 1];
      expect(line).toMatch(/lost the/);
    });

    test('keeps a session of its own from run to run', async () => {
      for (const fruit of ['apples', 'pears']) {
        const messages = `remember ${fruit}`;
        const reply = await ask(gateway, { model: modelOf('Teller', ending), messages });
        expect(reply.content).toBe('Noted.');
      }
      expect(parrot.calls().at(-1)?.messages.slice(-3)).toEqual([
        'user: remember apples',
        'assistant: Noted.',
        'user: remember pears',
      ]);
    });
  });

  test('the tools of the history reach the model', async () => {
    const answer = await ways[0].ask(gateway, { model: desk, messages: historyWithTools });
    expect(answer.content).toBe('Help.');
    expect(parrot.calls().at(-1)?.body.input).toEqual([
      expect.objectContaining({ role: 'user' }),
      expect.objectContaining({ role: 'assistant' }),
      expect.objectContaining({
        type: 'function_call',
        call_id: 'c1',
        name: 'f',
        arguments: '{"a":1}',
      }),
      expect.objectContaining({ type: 'function_call_output', call_id: 'c1', output: 'Nine.' }),
      expect.objectContaining({ role: 'user' }),
    ]);
  });

  test.each(ways)(
    'each step of a workflow gets the conversation so far, asked $way',
    async ({ way, ask }) => {
      const before = parrot.calls().length;
      const messages = rows.find(({ agent }) => agent === 'Flow')?.asks ?? '';
      const { reasoning } = await ask(gateway, { model: modelOf('Flow', ending), messages });
      expect(reasoning).toBe(way === 'whole' ? '' : '{"topic":"jobs"}');
      const asked = ['user: Do you hire?', 'assistant: We do.', 'user: Which jobs?'];
      expect(
        parrot
          .calls()
          .slice(before)
          .map((each) => each.messages),
      ).toEqual([asked, [...asked, 'assistant: {"topic":"jobs"}']]);
    },
  );

  test('a tool that rules deny is opened by an override for a while, as a preview says', async () => {
    const sing = async () =>
      (await ways[0].ask(gateway, { apiKey, model: desk, messages: 'call sing {}' })).content;
    const preview = () =>
      json<PreviewAnswer>('/security/preview', {
        principal: `agent:default/${desk}`,
        action: 'call_tool',
        resource: 'sing',
      });
    const denied = 'Help. [The tool sing may not be called here.]';
    expect(await sing()).toBe(denied);
    expect(await preview()).toMatchObject({ decision: 'deny', rule: { id: 'no-singing' } });
    // On a busy machine a while may be over before it was asked in it: then it takes a longer one.
    let override: OverrideAnswer | null = null;
    let told = denied;
    for (let seconds = 1; told === denied; seconds *= 2) {
      override = await json<OverrideAnswer>('/security/override', {
        principal: `agent:default/${desk}`,
        action: 'call_tool',
        resource: 'sing',
        effect: 'allow',
        break_glass: true,
        ttl_seconds: seconds,
        reason: 'A birthday.',
      });
      told = await sing();
    }
    expect(told).toBe('Help. [La.]');
    await until('the override to be over', async () => (await sing()) === denied);
    expect(Date.now()).toBeGreaterThan(Date.parse(override?.expires_at ?? '') - 100);
    expect(await preview()).toMatchObject({ decision: 'deny', rule: { id: 'no-singing' } });
  });

  test('log, metrics, decisions and journal tell the same of a run', async () => {
    const model = `default/${modelOf('Sample', ending)}`;
    const messages = question('uses its own tools and the gateway’s in one run');
    const { id, steps } = await journalOf(model, messages);
    const called = steps.get('tool_call')?.map((step) => 'tool' in step && step.tool);
    expect(called?.toSorted()).toEqual(['fetch_doc', 'get_weather']);
    const logged = await until('the lines of both calls', () => {
      const lines = logOf(gateway, model).filter((line) => line.includes(`=${id} `));
      const tools = lines.filter((line) => line.includes('tool ok'));
      return tools.length === 2 && tools;
    });
    expect(logged.map((line) => /tool=\S+/.exec(line)?.[0]).sort()).toEqual([
      'tool=fetch_doc',
      'tool=get_weather',
    ]);
    expect(await until('both decisions', () => decidedIn(id))).toEqual([
      'allow fetch_doc',
      'allow get_weather',
    ]);
    const calls = allWays.length + 1;
    expect(await countsOf(model)).toEqual([
      `fetch_doc gateway ok ${calls}`,
      `get_weather native ok ${calls}`,
    ]);
    expect(await diagnosticsOf(gateway, model)).toEqual([]);
  });

  test('the journal tells of models, tools and handoffs, and what they held', async () => {
    const measured = (await journalOf(desk, question('uses a tool of its own'))).steps;
    expect(measured.get('tool_call')).toMatchObject([
      { tool: 'measure', provenance: 'native', outcome: 'ok', call_id: expect.any(String) },
    ]);
    expect(measured.get('model_call')).toMatchObject([
      { ordinal: 0, status: 200, contents: { request: expect.stringContaining('rope') } },
      { ordinal: 1, status: 200, contents: { request: expect.stringContaining('4 metres') } },
    ]);
    expect(measured.get('text')).toMatchObject([{ contents: { text: 'Help. [4 metres]' } }]);
    const handed = (await journalOf(desk, question('hands off'))).steps;
    expect(handed.get('handoff')).toMatchObject([{ to_agent: 'Expert' }]);
    const stopped = (await journalOf(desk, 'Some poison, please.')).steps;
    expect(stopped.get('guardrail')).toHaveLength(1);
    expect(stopped.get('model_call')).toBeUndefined();
  });

  test('the model of `__gateway__` wins over the agent’s own', async () => {
    await ways[0].ask(gateway, { model: desk, messages: 'Hello?' });
    expect(parrot.calls().at(-1)?.model).toBe('desk-model');
  });

  test('what it prints is a line of its log', async () => {
    await ways[0].ask(gateway, { model: desk, messages: 'call measure {"thing":"mast"}' });
    await until('the line', () =>
      logOf(gateway, `default/${desk}`).some((line) => line.includes('measuring mast')),
    );
  });

  test('stops when its caller leaves', async () => {
    const model = `default/${modelOf('Teller', ending)}`;
    const cancelled = watchCancelled(gateway, model);
    const leave = new AbortController();
    const body = { model, stream: true, messages: [{ role: 'user', content: 'wait' }] };
    const response = await post(gateway, gateway.key, JSON.stringify(body), leave.signal);
    const left = readUntilAborted(response, (text) => text.includes('Wait') && leave.abort());
    await expect(left).rejects.toThrow('aborted');
    await cancelled();
    const folder = join(project.root, `src/agents/Teller${ending}`);
    const mark = join(folder, `stopped-teller-${ending}.txt`);
    await until('the agent to have stopped', () => existsSync(mark));
  });

  // Each takes a process of its own. Those of Python, where that costs most, are run again by night (`replay.soak.test.ts`).
  if (ending === 'ts') {
    test('what it did is the same when it is run again, whatever it came to', async () => {
      const pages = ['Desk', 'Flow'].map(async (name) => {
        const agent = `default/${modelOf(name, ending)}`;
        const page = await gateway.fetch(`/admin/runs?agent=${agent}&limit=200`);
        return ((await page.json()) as RunPage).runs;
      });
      const runs = (await Promise.all(pages)).flat();
      const told = runs.filter(({ outcome }) => outcome !== 'cancelled');
      // One of each end and length is as good as all of them.
      const kinds = new Map(told.map((run) => [`${run.outcome} ${run.code} ${run.steps}`, run]));
      expect(kinds.size).toBeGreaterThan(1);
      for (const { id, outcome } of kinds.values()) {
        const report = await json<ReplayReport>(`/admin/runs/${id}/replay`, {});
        // Its guardrail takes what stands for a hidden secret for one.
        const isHidden = outcome === 'finished' && report.outcome === 'blocked';
        expect([report.difference?.message, report.result]).toEqual(
          isHidden ? [expect.stringContaining('blocked'), 'differs'] : [undefined, 'same'],
        );
      }
    });
  }

  test('an edit goes live and shows in what is run again; one that does not load leaves it serving', async () => {
    const model = `default/${modelOf('Teller', ending)}`;
    const file = `src/agents/Teller${ending}/agent.${ending}`;
    const answer = async () => (await call(gateway, gateway.key, { model })).content;
    const runs = [
      (await journalOf(model, 'Hello?')).run,
      (await journalOf(model, 'remember plums')).run,
    ];
    const text = sourceOf('Teller', ending)
      .replace(/(['"])one\1/, '$1two$1')
      .replace('remember ', 'recall ');
    await project.write({ [file]: text });
    await until('the edit to be live', async () => (await answer()) === 'version two');
    if (ending === 'ts') await expectEditToShow(runs);
    await project.write({ [file]: text + broken });
    const [told] = await until('the error to be told', async () => {
      const all = await diagnosticsOf(gateway, model);
      return all.length > 0 && all;
    });
    expect(told).toMatchObject({
      stage: 'load',
      code: 'syntax_error',
      line: text.split('\n').length,
      serving_generation: 2,
    });
    expect(await answer()).toBe('version two');
  });
}

test('the list of tools has what all of them called', async () => {
  const answer = await json<{ tools: { name: string; used_by: string[] }[] }>('/admin/tools');
  const used = here.flatMap(({ ending }) => [modelOf('Desk', ending), modelOf('Sample', ending)]);
  expect(answer.tools).toMatchObject([
    { name: 'fetch_doc', used_by: used.map((id) => `default/${id}`).toSorted() },
  ]);
});

const historyWithTools: ChatCompletionCreateParams['messages'] = [
  { role: 'user', content: 'How high?' },
  {
    role: 'assistant',
    content: 'I look.',
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
  },
  { role: 'tool', tool_call_id: 'c1', content: 'Nine.' },
  { role: 'user', content: 'Hello?' },
];

/** That runs of the version before answer something else, and ask less, where they are run again by the one that serves. */
async function expectEditToShow(runs: readonly string[]): Promise<void> {
  const [said, left] = await Promise.all(
    runs.map((run) => json<ReplayReport>(`/admin/runs/${run}/replay`, { generation: 'current' })),
  );
  expect(said?.difference).toMatchObject({
    kind: 'answer',
    changes: [{ path: '', recorded: 'version one', replayed: 'version two' }],
  });
  expect(left?.difference).toMatchObject({
    kind: 'model_call',
    message: expect.stringMatching(/^The run ends without step \d+: a call of the model\.$/),
  });
}

/** Asks whole; the run, its steps by kind with what they held, and the id of its request. */
async function journalOf(model: string, content: string) {
  const id = `${model}-${content}`.replaceAll(/\W/g, '');
  await gateway
    .client()
    .chat.completions.create(
      { model, messages: [{ role: 'user', content }] },
      { headers: { 'x-request-id': id } },
    );
  const { runs } = await json<RunPage>(`/admin/runs?request_id=${id}`);
  const { steps } = await json<RunDetail>(`/admin/runs/${runs[0]?.id}?contents=true`);
  return { id, run: runs[0]?.id ?? '', steps: Map.groupBy(steps, ({ kind }) => kind) };
}

/** What a route answers to a body, or without one. */
async function json<Body>(path: string, body?: object): Promise<Body> {
  const headers = { 'content-type': 'application/json' };
  const sent = body ? { method: 'POST', headers, body: JSON.stringify(body) } : {};
  return (await (await gateway.fetch(path, sent)).json()) as Body;
}

async function countsOf(model: string): Promise<string[]> {
  const metrics = await (await gateway.fetch('/metrics')).text();
  const calls = metrics.matchAll(
    /^dropgate_tool_calls_total\{tool="(.+)",provenance="(.+)",outcome="(.+)",agent="(.+)"\} (\d+)/gm,
  );
  return [...calls]
    .filter(([, , , , agent]) => agent === model)
    .map(([, tool, provenance, outcome, , count]) => `${tool} ${provenance} ${outcome} ${count}`)
    .sort();
}

async function decidedIn(requestId: string): Promise<string[] | null> {
  type Decisions = { decisions: { action: string; effect: string; resource: string }[] };
  const { decisions } = await json<Decisions>(`/security/decisions?request_id=${requestId}`);
  const onTools = decisions.filter(({ action }) => action === 'call_tool');
  return onTools.length < 2
    ? null
    : onTools.map(({ effect, resource }) => `${effect} ${resource}`).sort();
}

/** Reads an answer to its end, telling what came so far after each piece. */
async function readUntilAborted(
  response: Response,
  onText: (text: string) => unknown,
): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    onText(text);
  }
}
