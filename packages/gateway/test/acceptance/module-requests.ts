import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { askStreamed, failureOf, ways } from './ask.ts';
import { type ModulesGateway, startModules } from './module-project.ts';
import { costOf, type Parrot, type ParrotCall, startParrot } from './parrot.ts';

type Api = 'responses' | 'chat_completions';
const pixel = 'data:image/png;base64,iVBORw0KGgo=';
const looking = [
  {
    role: 'user' as const,
    content: [
      { type: 'text' as const, text: 'What is it?' },
      { type: 'image_url' as const, image_url: { url: pixel, detail: 'low' as const } },
    ],
  },
];
const clock = {
  type: 'function' as const,
  function: { name: 'clock', parameters: { type: 'object', properties: {} } },
};

/** What callers send, and what modules answer, where the upstream speaks this API. */
export function testModuleRequests(api: Api): void {
  describe(`on an upstream that speaks ${api}`, () => {
    let parrot: Parrot;
    let gateway: ModulesGateway;

    beforeAll(async () => {
      parrot = await startParrot((call) => (wantsJson(call) ? { text: [jsonFor(call)] } : null));
      gateway = await startModules({
        modules: ['Activity', 'ActivityExtension', 'ActivityOff', 'Structured', 'TextOnly'],
        env: {
          OPENAI_API_KEY: 'sk-parrot',
          OPENAI_BASE_URL: parrot.baseUrl,
          GATEWAY_UPSTREAM_API: api,
        },
      });
    });
    afterAll(async () => {
      await gateway?.stop();
      parrot?.stop();
    });

    const lastCall = () => parrot.calls().at(-1);

    describe.each(ways)('asked $way', ({ ask }) => {
      test('an output type is the answer as JSON text', async () => {
        const { content, usage } = await ask(gateway, {
          model: 'structured',
          messages: 'call get_weather {"city":"Paris"}',
        });
        expect(JSON.parse(content)).toEqual({ city: 'Paris', degrees: 21 });
        expect(usage).toEqual(costOf(2));
      });

      test('a schema of the caller reaches the model and holds for the answer', async () => {
        const { content } = await ask(gateway, {
          model: 'activity',
          messages: 'Where?',
          response_format: zodResponseFormat(z.object({ place: z.string() }), 'place'),
        });
        expect(JSON.parse(content)).toEqual({ place: 'Here' });
        expect(JSON.stringify(lastCall()?.body.text ?? lastCall()?.body.response_format)).toContain(
          '"required":["place"]',
        );
      });

      test('a schema of the caller is refused where the agent has its own', async () => {
        const failure = await failureOf(
          ask(gateway, {
            model: 'structured',
            messages: 'Where?',
            response_format: { type: 'json_object' },
          }),
        );
        expect(failure).toMatchObject({ status: 400, param: 'response_format' });
      });

      test('the conversation reaches the model as it was', async () => {
        await ask(gateway, {
          model: 'activity',
          messages: [
            { role: 'system', content: 'Speak slowly.' },
            { role: 'user', content: 'How high is the tower?' },
            { role: 'assistant', content: 'Tall.' },
            { role: 'user', content: 'How tall?' },
          ],
        });
        expect(lastCall()?.messages).toEqual([
          'user: How high is the tower?',
          'assistant: Tall.',
          'user: How tall?',
        ]);
        expect(lastCall()?.instructions).toMatch(/^Measure\.\s+Speak slowly\.$/);
      });

      test('the tools of the history reach the model, and one without its result is refused', async () => {
        const asked = {
          role: 'assistant' as const,
          content: null,
          tool_calls: [
            { id: 'c1', type: 'function' as const, function: { name: 'f', arguments: '{"a":1}' } },
          ],
        };
        const messages = [
          { role: 'user' as const, content: 'How high?' },
          asked,
          { role: 'tool' as const, tool_call_id: 'c1', content: 'Nine.' },
          { role: 'user' as const, content: 'Sure?' },
        ];
        await ask(gateway, { model: 'activity', messages });
        const { input, messages: sent } = lastCall()?.body ?? {};
        expect(input ?? sent).toEqual(
          expect.arrayContaining(
            api === 'responses'
              ? [
                  expect.objectContaining({
                    type: 'function_call',
                    call_id: 'c1',
                    name: 'f',
                    arguments: '{"a":1}',
                  }),
                  expect.objectContaining({
                    type: 'function_call_output',
                    call_id: 'c1',
                    output: 'Nine.',
                  }),
                ]
              : [
                  expect.objectContaining({ role: 'assistant', tool_calls: asked.tool_calls }),
                  expect.objectContaining({ role: 'tool', tool_call_id: 'c1', content: 'Nine.' }),
                ],
          ),
        );
        const failure = await failureOf(
          ask(gateway, { model: 'activity', messages: messages.toSpliced(2, 1) }),
        );
        expect(failure).toMatchObject({ status: 400, param: 'messages' });
      });

      test('a picture reaches the model', async () => {
        await ask(gateway, { model: 'activity', messages: looking });
        expect(JSON.stringify(lastCall()?.body)).toContain(pixel);
      });

      test('a picture is refused by an agent that reads text only', async () => {
        const failure = await failureOf(ask(gateway, { model: 'textonly', messages: looking }));
        expect(failure).toMatchObject({
          status: 400,
          code: 'unsupported_content_type',
          param: 'messages',
        });
      });

      test('tools of the caller do not reach the model', async () => {
        await ask(gateway, { model: 'activity', messages: 'Hello?', tools: [clock] });
        expect(lastCall()?.tools).toEqual(['measure', 'transfer_to_Expert']);
      });

      test('tools of the caller are refused by an agent that says so', async () => {
        const failure = await failureOf(
          ask(gateway, { model: 'textonly', messages: 'Hello?', tools: [clock] }),
        );
        expect(failure).toMatchObject({
          status: 400,
          code: 'unsupported_parameter',
          param: 'tools',
        });
      });

      test('a cap on tokens reaches the model, a temperature only where the agent takes it', async () => {
        await ask(gateway, {
          model: 'activity',
          messages: 'Hello?',
          max_completion_tokens: 77,
          temperature: 0.3,
        });
        const { body } = lastCall() as ParrotCall;
        expect(body.max_output_tokens ?? body.max_tokens ?? body.max_completion_tokens).toBe(77);
        expect(body.temperature).toBeUndefined();
      });
    });

    test('OpenAI’s helper parses an answer by the caller’s schema', async () => {
      const { choices } = await gateway.client().chat.completions.parse({
        model: 'default/activity',
        messages: [{ role: 'user', content: 'Where?' }],
        response_format: zodResponseFormat(z.object({ place: z.string() }), 'place'),
      });
      expect(choices[0]?.message.parsed).toEqual({ place: 'Here' });
    });

    test('an answer names what it ignored of the request', async () => {
      const request = {
        model: 'default/activity',
        messages: [{ role: 'user' as const, content: 'Hello?' }],
        tools: [clock],
        temperature: 0.3,
      };
      const { completions } = gateway.client().chat;
      const whole = await completions.create(request).asResponse();
      expect(whole.headers.get('x-agent-ignored')).toBe('temperature, tools');
      const streamed = await completions.create({ ...request, stream: true }).asResponse();
      await streamed.text();
      expect(streamed.headers.get('x-agent-ignored')).toBe('temperature, tools');
    });

    describe('a stream tells of tools', () => {
      const measuring = 'call measure {"thing":"rope"}';
      const answer = 'Measure. [4 metres]';

      test('as reasoning, unless the agent says otherwise', async () => {
        const reply = await askStreamed(gateway, { model: 'activity', messages: measuring });
        expect(reply).toMatchObject({
          content: answer,
          reasoning: 'Calling measure…\n',
          activity: [],
        });
      });

      test('and of handoffs', async () => {
        const reply = await askStreamed(gateway, {
          model: 'activity',
          messages: 'call transfer_to_Expert {}',
        });
        expect(reply).toMatchObject({
          content: 'Know better.',
          reasoning: 'Handing off to Expert…\n',
        });
      });

      test('not at all, where it is off', async () => {
        const reply = await askStreamed(gateway, { model: 'activityoff', messages: measuring });
        expect(reply).toMatchObject({ content: answer, reasoning: '', activity: [] });
      });

      test('for programs, as an extension', async () => {
        const reply = await askStreamed(gateway, {
          model: 'activityextension',
          messages: measuring,
        });
        const tool = { name: 'measure', agent: 'Activity', provenance: 'native' };
        const callId = reply.activity[0]?.call_id;
        expect(reply.content).toBe(answer);
        expect(reply.reasoning).toBe('');
        expect(reply.activity).toEqual([
          { type: 'tool_started', ...tool, call_id: callId },
          {
            type: 'tool_ended',
            ...tool,
            call_id: callId,
            outcome: 'ok',
            duration_ms: expect.any(Number),
          },
        ]);
        expect(callId).toMatch(/^call_/);
      });

      test('of handoffs too', async () => {
        const { activity } = await askStreamed(gateway, {
          model: 'activityextension',
          messages: 'call transfer_to_Expert {}',
        });
        expect(activity).toEqual([{ type: 'handed_off', agent: 'Expert', from_agent: 'Activity' }]);
      });
    });
  });
}

/** The parrot has no mind for schemas: it is told of those the tests ask for. */
function wantsJson({ body, messages }: ParrotCall): boolean {
  const hasResult = JSON.stringify(body).includes('"degrees\\');
  return hasResult || messages.at(-1) === 'user: Where?';
}

function jsonFor({ messages }: ParrotCall): string {
  const value =
    messages.at(-1) === 'user: Where?' ? { place: 'Here' } : { city: 'Paris', degrees: 21 };
  return JSON.stringify(value);
}
