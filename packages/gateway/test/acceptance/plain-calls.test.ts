import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';
import { until } from './until.ts';

const missing = await missingPython();

const inTypeScript = `import { Agent } from '@openai/agents';
export const __gateway__ = { task_prompts: 'plain' };
export const agent = new Agent({ name: 'A', instructions: 'SECRET', model: 'gpt-5' });
`;
const inPython = `from agents import Agent, function_tool

@function_tool
def erase() -> str:
    """Erases all."""
    return "Erased."

__gateway__ = {"task_prompts": "run"}
agent = Agent(name="A", instructions="SECRET", model="gpt-5", tools=[erase])
`;
const settings = `worker: { spares: 0 }
defaults: { upstream: chat }
upstreams:
  chat: { base_url: URL, api: chat_completions }
  responses: { base_url: URL, api: responses }
agents:
  default/inpython: { task_prompts: plain, sessions: true }
security:
  rules:
    - { id: no-erasing, effect: deny, action: call_tool, principals: [role:caller], resources: [erase] }
`;

const prompt =
  '### Task:\nGenerate a title.\n### Chat History:\n<chat_history>\nUSER: Hi\n</chat_history>';

let gateway: TestGateway;
let parrot: Parrot;
let key: string;

beforeAll(async () => {
  parrot = await startParrot(({ messages, path }) => {
    if (path.endsWith('/input_tokens')) {
      const body = '{"object":"response.input_tokens","input_tokens":11}';
      return { answer: { status: 200, body } };
    }
    const asked = messages.at(-1) ?? '';
    if (asked.includes('FAIL'))
      return { answer: { status: 400, body: '{"error":{"message":"SECRET-UPSTREAM"}}' } };
    return asked.startsWith('user: ### Task:') ? { text: ['A Greeting'] } : null;
  });
  const inOther = inPython.replace('{"task', '{"upstream": "responses", "task');
  gateway = await startGateway({
    files: {
      'gateway.yaml': settings.replaceAll('URL', parrot.baseUrl),
      'src/agents/InTypeScript/agent.ts': inTypeScript,
      ...(missing ? {} : { 'src/agents/InPython/agent.py': inOther }),
    },
    env: missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() },
  });
  key = await gateway.createCallerKey();
});
afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
});

const languages = [
  ['InTypeScript', 'intypescript', true],
  ['InPython', 'inpython', missing === null],
] as const;

for (const [name, model, isThere] of languages) {
  describe.skipIf(!isThere)(isThere ? name : `${name}, left out: ${missing}`, () => {
    test.each([false, true])(
      'answers the prompt of a chat client by its model alone (streamed: %s)',
      async (stream) => {
        const before = parrot.calls().length;
        const answer = await call(gateway, key, { model, content: prompt, stream });
        expect([answer.status, answer.content]).toEqual([200, 'A Greeting']);
        expect(answer.text).not.toContain('SECRET');
        const calls = parrot.calls().slice(before);
        expect(calls).toEqual([
          expect.objectContaining({
            model: 'gpt-5',
            instructions: '',
            tools: [],
            messages: [`user: ${prompt}`],
          }),
        ]);
      },
    );

    test('answers everything else itself', async () => {
      const answer = await call(gateway, key, { model, content: 'Is this a <chat_history>?' });
      expect(answer.content).toBe('SECRET');
    });

    test('says so in the journal and the log, and counts it as any other run', async () => {
      const answer = await call(gateway, key, { model, content: prompt });
      const { id, usage } = JSON.parse(answer.text);
      expect(usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 5 });
      const runId = id.replace('chatcmpl-', 'run_');
      const run = await until('the run', async () => {
        const shown = await gateway.fetch(`/admin/runs/${runId}`);
        const told = (await shown.json()) as {
          run: { outcome: string; usage: object };
          steps: { kind: string }[];
        };
        return shown.ok && told.run.outcome === 'finished' && told;
      });
      expect(run.steps.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['task_prompt', 'model_call', 'text']),
      );
      expect(run.run.usage).toMatchObject({ requests: 1, input_tokens: 10, output_tokens: 5 });
      const line = gateway
        .logs()
        .split('\n')
        .find((each) => each.includes(runId) && each.includes('run finished'));
      expect(line).toContain('task_prompt=true');
    });

    test('tells a failure of the model, and nothing of what it said', async () => {
      const answer = await call(gateway, key, { model, content: `${prompt} FAIL` });
      expect([answer.status, answer.error?.code]).toEqual([502, 'upstream_error']);
      expect(answer.text).not.toContain('SECRET');
    });
  });
}

describe.skipIf(missing)(
  missing ? `Tokens of an input, left out: ${missing}` : 'Tokens of an input',
  () => {
    const countedBy = async (body: object) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await fetch(`${gateway.url}/v1/responses/input_tokens`, init);
      return [answer.status, await answer.json()] as const;
    };

    test('are counted by the upstream of the agent, of what is sent alone', async () => {
      const input = [
        { role: 'user', content: 'Hi' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'x' },
      ];
      const asked = { model: 'inpython', input, instructions: 'Be short.' };
      expect(await countedBy(asked)).toEqual([
        200,
        { object: 'response.input_tokens', input_tokens: 11 },
      ]);
      expect(parrot.calls().at(-1)).toMatchObject({
        path: '/v1/responses/input_tokens',
        body: {
          model: 'gpt-5',
          input: [
            { role: 'system', content: 'Be short.' },
            { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
            ...input.slice(1),
          ],
        },
      });
    });

    test('are refused where nobody counts them, or what is kept would have to be', async () => {
      const error = (code: string, param: string) => [
        400,
        { error: expect.objectContaining({ code, param }) },
      ];
      const asked = { model: 'inpython', input: 'Hi' };
      expect(await countedBy({ ...asked, model: 'intypescript' })).toEqual(
        error('unsupported_value', 'model'),
      );
      expect(await countedBy({ ...asked, previous_response_id: 'resp_1' })).toEqual(
        error('unsupported_parameter', 'previous_response_id'),
      );
      expect(await countedBy({ ...asked, model: 'nobody' })).toEqual([404, expect.anything()]);
    });
  },
);

describe.skipIf(missing)(
  missing ? `What a model is, left out: ${missing}` : 'What a model is',
  () => {
    const factsFor = async (as: string, id: string) => {
      const headers = { authorization: `Bearer ${as}` };
      const answer = await fetch(`${gateway.url}/v1/models/${id}`, { headers });
      return ((await answer.json()) as { x_agent: object }).x_agent;
    };

    test('is told with the tools that the key may have called', async () => {
      const facts = {
        kind: 'agent',
        tools: [{ name: 'erase', provenance: 'native', needs_approval: false }],
        approvals: false,
        sessions: true,
        client_tools: 'ignore',
        input: ['text', 'image', 'file'],
        settings: ['max_completion_tokens'],
        apis: ['chat_completions', 'responses'],
      };
      expect(await factsFor(gateway.key, 'default/inpython')).toEqual(facts);
      expect(await factsFor(key, 'default/inpython')).toEqual({ ...facts, tools: [] });
      expect(await factsFor(key, 'default/intypescript')).toMatchObject({
        tools: [],
        sessions: false,
      });
    });
  },
);
