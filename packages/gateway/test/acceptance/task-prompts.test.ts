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
  default/inpython: { task_prompts: plain }
`;

const prompt =
  '### Task:\nGenerate a title.\n### Chat History:\n<chat_history>\nUSER: Hi\n</chat_history>';

let gateway: TestGateway;
let parrot: Parrot;
let key: string;

beforeAll(async () => {
  parrot = await startParrot(({ messages }) => {
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
