import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf, ways } from './ask.ts';
import { toldToCallers } from './call.ts';
import { type ModulesGateway, startModules } from './module-project.ts';
import { costOf, type Parrot, startParrot } from './parrot.ts';
import { until } from './until.ts';

type Api = 'responses' | 'chat_completions';
const safeAnswer = "I can't help with that.";

/** What stops a run before its end, where the upstream speaks this API. */
export function testModuleStops(api: Api): void {
  describe(`on an upstream that speaks ${api}`, () => {
    let parrot: Parrot;
    let gateway: ModulesGateway;

    beforeAll(async () => {
      parrot = await startParrot();
      gateway = await startModules({
        modules: ['Deadline', 'Stops', 'StopsTold'],
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

    describe.each(ways)('asked $way', ({ way, ask }) => {
      /** Calls of the model until the stop; tokens are told although nothing else is. */
      const blocked = [
        { by: 'an input guardrail', question: 'Some poison, please.', calls: 0 },
        { by: 'a guardrail of a tool’s input', question: 'call open {"thing":"door"}', calls: 1 },
        { by: 'a guardrail of a tool’s output', question: 'call open {"thing":"chest"}', calls: 1 },
        { by: 'the model itself', question: 'refuse', calls: 1 },
      ];

      test.each(blocked)('a stop by $by is a safe answer', async ({ question, calls }) => {
        const reply = await ask(gateway, { model: 'stops', messages: question });
        expect(reply.content).toBe(safeAnswer);
        expect(reply.finishReason).toBe('content_filter');
        expect(reply.usage).toEqual(costOf(calls));
      });

      test.each(blocked)('a stop by $by is an error where the module says so', async (one) => {
        const failure = await failureOf(
          ask(gateway, { model: 'stopstold', messages: one.question }),
        );
        expect(failure).toMatchObject({
          code: 'content_policy_violation',
          type: 'invalid_request_error',
          status: way === 'whole' ? 400 : undefined,
        });
      });

      test('a stop by an output guardrail shows nothing of the answer that is not yet sent', async () => {
        const reply = await ask(gateway, { model: 'stops', messages: 'say The secret word.' });
        expect(reply.finishReason).toBe('content_filter');
        // A stream has told the text by then; what was not sent is held back.
        expect(reply.content).toBe(way === 'whole' ? safeAnswer : 'The secret word.');
        expect(reply.usage).toEqual(costOf(1));
      });

      test('what no guardrail minds passes', async () => {
        const reply = await ask(gateway, { model: 'stops', messages: 'call open {"thing":"box"}' });
        expect(reply.content).toBe('Stop where you must. [In the box is a shoe.]');
        expect(reply.finishReason).toBe('stop');
        expect(reply.usage).toEqual(costOf(2));
      });

      test('too many turns are an error that names them', async () => {
        const before = parrot.calls().length;
        const failure = await failureOf(
          ask(gateway, { model: 'stops', messages: 'keep calling open {"thing":"box"}' }),
        );
        expect(failure).toMatchObject({
          code: 'max_turns_exceeded',
          status: way === 'whole' ? 500 : undefined,
        });
        expect(parrot.calls().length - before).toBe(3);
      });

      test('a tool that needs approval is asked about, and does not run', async () => {
        const reply = await ask(gateway, {
          model: 'stops',
          messages: 'call burn {"thing":"book"}',
        });
        expect(reply.content).toMatch(
          /burn[\s\S]*"thing": "book"[\s\S]*`approve [0-9A-Z]{4}-[0-9A-Z]{4}`/,
        );
        expect(reply.finishReason).toBe('stop');
        expect(JSON.stringify(parrot.calls().at(-1)?.body)).not.toContain('ashes');
      });

      test('a tool that throws is an error without its text, which is in the log', async () => {
        const failure = await failureOf(
          ask(gateway, { model: 'stops', messages: `call wreck {"thing":"${way} vase"}` }),
        );
        expect(failure).toMatchObject({
          code: 'tool_error',
          status: way === 'whole' ? 500 : undefined,
        });
        expect(toldToCallers(failure.error)).not.toContain('hunter2');
        await until('the log', () => gateway.logs().includes(`The ${way} vase costs hunter2.`));
      });

      test('a run past its deadline is an error', async () => {
        const failure = await failureOf(
          ask(gateway, { model: 'deadline', messages: 'call wait {}' }),
        );
        expect(failure).toMatchObject({
          code: 'timeout',
          status: way === 'whole' ? 504 : undefined,
        });
        expect(failure.message).toContain('0.5 s');
      });
    });
  });
}
