import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReplayReport } from '../../src/protocol/admin/replay-answer.ts';
import type { RunDetail, RunPage } from '../../src/protocol/admin/runs-answer.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { askStreamed, failureOf, ways } from './ask.ts';
import { call, diagnosticsOf, expectNoInsides, logOf, post, watchCancelled } from './call.ts';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { costOf, type Parrot, type ParrotCall, startParrot } from './parrot.ts';
import { until } from './until.ts';

const missing = await missingPython();

/** What the operator gives to agents, over their own. */
const given = `worker: { spares: 0 }
agents:
  "default/desk*": { env: { DESK_SHOP: { file: shop-of-all } } }
  default/deskts: { env: { DESK_SHOP: { env: SHOP_OF_TS } } }
`;

/** The same agents, written by two people: `test/fixtures/both/desk.ts` and `desk.py`. */
const names = ['Desk', 'Teller', 'Flow'];

const languages = [
  {
    language: 'TypeScript',
    ending: 'ts',
    handoff: (agent: string) => `transfer_to_${agent}`,
    broken: 'export const more = {{;\n',
  },
  {
    language: 'Python',
    ending: 'py',
    handoff: (agent: string) => `transfer_to_${agent.toLowerCase()}`,
    broken: 'more = Teller((\n',
  },
] as const;

const source = (name: string, ending: string) =>
  readFileSync(join(packageRoot, 'test/fixtures/both', `${name.toLowerCase()}.${ending}`), 'utf8');

describe.skipIf(missing)(`agents of both languages (${missing ?? 'run'})`, () => {
  let parrot: Parrot;
  let gateway: TestGateway;
  let apiKey: string;

  beforeAll(async () => {
    parrot = await startParrot(structured);
    const modules = languages.flatMap(({ ending }) =>
      names.map((name) => [`src/agents/${name}${ending}/agent.${ending}`, source(name, ending)]),
    );
    gateway = await startGateway({
      files: {
        ...Object.fromEntries(modules),
        'src/agents/Deskts/.env': 'DESK_CITY=Turin\nDESK_SHOP=nowhere\n',
        'src/agents/Deskpy/.env': 'DESK_CITY=Padua\n',
        'gateway.yaml': given,
        'shop-of-all': 'the market\n',
      },
      env: {
        GATEWAY_PYTHON: pythonWithSdk(),
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
    parrot?.stop();
  });

  describe.each(languages)('in $language', ({ ending, handoff, broken }) => {
    const desk = `desk${ending}`;
    const place = ending === 'ts' ? 'Turin, the station' : 'Padua, the market';

    test('the tools of the history reach the model', async () => {
      const answer = await gateway.client({ apiKey }).chat.completions.create({
        model: desk,
        messages: [
          { role: 'user', content: 'How high?' },
          {
            role: 'assistant',
            content: 'I look.',
            tool_calls: [
              { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'c1', content: 'Nine.' },
          { role: 'user', content: 'Hello?' },
        ],
      });
      expect(answer.choices[0]?.message.content).toBe('Help.');
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

    describe.each(ways)('asked $way', ({ way, ask }) => {
      const answers = [
        { what: 'speaks', question: 'Hello?', answer: 'Help.', calls: 1 },
        {
          what: 'uses a tool',
          question: 'call measure {"thing":"rope"}',
          answer: 'Help. [4 metres]',
          calls: 2,
        },
        {
          what: 'asks an agent as a tool',
          question: 'call translate {"input":"Good day"}',
          answer: 'Help. [Translate.]',
          calls: 3,
        },
        {
          what: 'learns how a gateway tool is called',
          question: 'call fetch_doc {"url":"a.md"}',
          answer:
            "Help. [The arguments must have required property 'source'. Send an object with: source (string, required).]",
          calls: 2,
        },
        {
          what: 'hands off',
          question: `call ${handoff('Expert')} {}`,
          answer: 'Know better.',
          calls: 2,
        },
        {
          what: 'hands off to one with an output type',
          question: `call ${handoff('Form')} {}`,
          answer: '{"city":"Paris","degrees":21}',
          calls: 2,
        },
        {
          what: 'knows its caller, its own environment and what it was given',
          question: 'call who_asks {}',
          answer: `Help. [dev for default/${desk} in ${place}]`,
          calls: 2,
        },
      ];

      test.each(answers)('$what', async ({ question, answer, calls }) => {
        const reply = await ask(gateway, { model: desk, messages: question });
        expect(reply.content).toBe(answer);
        expect(reply.finishReason).toBe('stop');
        expect(reply.usage).toEqual(costOf(calls));
      });

      test('goes on after a tool that throws, which is told with its line', async () => {
        const reply = await ask(gateway, { model: desk, messages: 'call lose {"thing":"key"}' });
        expect(reply.content).toMatch(/^Help\. \[An error occurred while running the tool/);
        const threw = await until('the diagnostic', async () =>
          (await diagnosticsOf(gateway, `default/${desk}`)).find(
            ({ code }) => code === 'tool_threw',
          ),
        );
        expect(threw).toMatchObject({ stage: 'tool', message: expect.stringContaining('the key') });
        const line = source('Desk', ending).split('\n')[(threw.line ?? 0) - 1];
        expect(line).toMatch(/lost the/);
      });

      test('fails by name after a tool that may not fail', async () => {
        const failure = await failureOf(
          ask(gateway, { apiKey, model: desk, messages: 'call wreck {"thing":"ship"}' }),
        );
        expect(failure).toMatchObject({
          code: 'tool_error',
          status: way === 'whole' ? 500 : undefined,
        });
        expectNoInsides(JSON.stringify(failure.error));
      });

      test('is stopped by a guardrail of its input, before the model is asked', async () => {
        const before = parrot.calls().length;
        const reply = await ask(gateway, { model: desk, messages: 'Some poison, please.' });
        expect(reply.content).toBe("I can't help with that.");
        expect(reply.finishReason).toBe('content_filter');
        expect(parrot.calls().length).toBe(before);
      });

      test('is stopped by a guardrail of its output', async () => {
        const reply = await ask(gateway, { model: desk, messages: 'say The secret word.' });
        expect(reply.finishReason).toBe('content_filter');
        // A stream has told the text by then.
        expect(reply.content).toBe(
          way === 'whole' ? "I can't help with that." : 'The secret word.',
        );
      });

      test('keeps a session of its own from run to run', async () => {
        const teller = `teller${ending}`;
        for (const fruit of ['apples', 'pears']) {
          const reply = await ask(gateway, { model: teller, messages: `remember ${fruit}` });
          expect(reply.content).toBe('Noted.');
        }
        expect(parrot.calls().at(-1)?.messages.slice(-3)).toEqual([
          'user: remember apples',
          'assistant: Noted.',
          'user: remember pears',
        ]);
      });

      test('as a workflow of Agent Builder knows the conversation', async () => {
        const before = parrot.calls().length;
        const reply = await ask(gateway, {
          model: `flow${ending}`,
          messages: [
            { role: 'user', content: 'Do you hire?' },
            { role: 'assistant', content: 'We do.' },
            { role: 'user', content: 'Which jobs?' },
          ],
        });
        expect(reply.content).toBe('Write.');
        expect(reply.usage).toEqual(costOf(2));
        expect(reply.reasoning).toBe(way === 'whole' ? '' : '{"topic":"jobs"}');
        const asked = ['user: Do you hire?', 'assistant: We do.', 'user: Which jobs?'];
        expect(
          parrot
            .calls()
            .slice(before)
            .map(({ messages }) => messages),
        ).toEqual([asked, [...asked, 'assistant: {"topic":"jobs"}']]);
      });
    });

    test('a stream tells of tools and handoffs', async () => {
      const measured = await askStreamed(gateway, {
        model: desk,
        messages: 'call measure {"thing":"rope"}',
      });
      expect(measured.reasoning).toBe('Calling measure…\n');
      const handed = await askStreamed(gateway, {
        model: desk,
        messages: `call ${handoff('Expert')} {}`,
      });
      expect(handed.reasoning).toBe('Handing off to Expert…\n');
    });

    test('the journal tells of models, tools and handoffs, and what they held', async () => {
      const journalOf = async (content: string) => {
        const id = `${desk}-${content.replaceAll(/\W/g, '')}`;
        await gateway
          .client()
          .chat.completions.create(
            { model: desk, messages: [{ role: 'user', content }] },
            { headers: { 'x-request-id': id } },
          );
        const page = await (await gateway.fetch(`/admin/runs?request_id=${id}`)).json();
        const [run] = (page as RunPage).runs;
        const detail = await (await gateway.fetch(`/admin/runs/${run?.id}?contents=true`)).json();
        const { steps } = detail as RunDetail;
        return Map.groupBy(steps, ({ kind }) => kind);
      };
      const measured = await journalOf('call measure {"thing":"rope"}');
      expect(measured.get('tool_call')).toMatchObject([
        { tool: 'measure', provenance: 'native', outcome: 'ok', call_id: expect.any(String) },
      ]);
      expect(measured.get('model_call')).toMatchObject([
        { ordinal: 0, status: 200, contents: { request: expect.stringContaining('rope') } },
        { ordinal: 1, status: 200, contents: { request: expect.stringContaining('4 metres') } },
      ]);
      expect(measured.get('text')).toMatchObject([{ contents: { text: 'Help. [4 metres]' } }]);
      const handed = await journalOf(`call ${handoff('Expert')} {}`);
      expect(handed.get('handoff')).toMatchObject([{ to_agent: 'Expert' }]);
      const blocked = await journalOf('Some poison, please.');
      expect(blocked.get('guardrail')).toHaveLength(1);
      expect(blocked.get('model_call')).toBeUndefined();
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
      const model = `default/teller${ending}`;
      const cancelled = watchCancelled(gateway, model);
      const leave = new AbortController();
      const body = { model, stream: true, messages: [{ role: 'user', content: 'wait' }] };
      const response = await post(gateway, gateway.key, JSON.stringify(body), leave.signal);
      const left = readUntilAborted(response, (text) => text.includes('Wait') && leave.abort());
      await expect(left).rejects.toThrow('aborted');
      await cancelled();
      const mark = join(
        gateway.project.root,
        `src/agents/Teller${ending}/stopped-teller-${ending}.txt`,
      );
      await until('the agent to have stopped', () => existsSync(mark));
    });

    test('what it did is the same when it is run again, whatever it came to', async () => {
      // Each takes a process of its own, which in Python costs most.
      const names = ending === 'ts' ? ['desk', 'flow'] : ['desk'];
      const pages = names.map(async (name) => {
        const page = await gateway.fetch(`/admin/runs?agent=default/${name}${ending}&limit=200`);
        return ((await page.json()) as RunPage).runs;
      });
      const runs = (await Promise.all(pages))
        .flat()
        .filter(({ outcome }) => outcome !== 'cancelled');
      // One of each length and end is as good as all of them.
      const kinds = new Map(runs.map((run) => [`${run.outcome} ${run.code} ${run.steps}`, run]));
      expect(kinds.size).toBeGreaterThan(5);
      for (const { id, outcome } of kinds.values()) {
        const answer = await gateway.fetch(`/admin/runs/${id}/replay`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        });
        const report = (await answer.json()) as ReplayReport;
        // Its guardrail takes what stands for a hidden secret for one.
        const isHidden = outcome === 'finished' && report.outcome === 'blocked';
        expect([report.difference?.message, report.result]).toEqual(
          isHidden ? [expect.stringContaining('blocked'), 'differs'] : [undefined, 'same'],
        );
      }
    });

    test('an edit goes live; one that does not load leaves it serving', async () => {
      const model = `default/teller${ending}`;
      const file = `src/agents/Teller${ending}/agent.${ending}`;
      const answer = async () => (await call(gateway, gateway.key, { model })).content;
      expect(await answer()).toBe('version one');
      const text = source('Teller', ending);
      await gateway.project.write({ [file]: text.replace(/(['"])one\1/, '$1two$1') });
      await until('the edit to be live', async () => (await answer()) === 'version two');
      await gateway.project.write({ [file]: text + broken });
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
  });
});

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

/** The parrot has no mind for output types: it is told of those of the fixtures. */
function structured({ body }: ParrotCall) {
  const schema = JSON.stringify(body.text ?? '');
  if (schema.includes('topic')) return { text: ['{"topic":"jobs"}'] };
  return schema.includes('degrees') ? { text: ['{"city":"Paris",', '"degrees":21}'] } : null;
}
