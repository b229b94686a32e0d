import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ways } from './ask.ts';
import { type ModulesGateway, startModules } from './module-project.ts';

/** Without any key, as on the first day: the demo model answers, and modules must make sense on it. */
const allCases = [
  {
    module: 'AgentTools',
    question: 'Translate to Spanish: "Good day"',
    answer: /to_spanish says: /,
  },
  { module: 'BuilderExport', question: 'Which jobs are open?', answer: /demo model/ },
  { module: 'HandoffDesk', question: 'Hand me over to Refunds', answer: /demo model/ },
  { module: 'Hello', question: 'Weather in Paris?', answer: /^get_weather says: 20 °C in Paris/ },
  { module: 'OwnCalls', question: 'Hello?', answer: /You said: “Hello\?”/ },
  { module: 'OwnClient', question: 'Hello?', answer: /You said: “Hello\?”/ },
  {
    module: 'Structured',
    question: 'Weather in Paris?',
    answer: /^\{"city":"Paris","degrees":21\}$/,
  },
];

let gateway: ModulesGateway;

/** These modules on the demo model; one gateway for all of them. */
export function testDemo(modules: readonly string[]): void {
  const cases = allCases.filter(({ module }) => modules.includes(module));

  beforeAll(async () => {
    gateway = await startModules({ modules: cases.map(({ module }) => module) });
  });
  afterAll(() => gateway?.stop());

  describe.each(ways)('on the demo model, asked $way', ({ ask }) => {
    test.each(cases)('$module answers', async ({ module, question, answer }) => {
      const reply = await ask(gateway, { model: module.toLowerCase(), messages: question });
      expect(reply.content).toMatch(answer);
      expect(reply.finishReason).toBe('stop');
      expect(reply.usage?.total_tokens).toBeGreaterThan(0);
    });
  });

  if (modules.includes('Hello')) testHello();
}

function testHello(): void {
  test('whole and streamed answers are the same, tokens included', async () => {
    const [whole, streamed] = await Promise.all(
      ways.map(({ ask }) => ask(gateway, { model: 'hello', messages: 'Weather in Paris?' })),
    );
    expect(streamed?.content).toBe(whole?.content);
    expect(streamed?.usage).toEqual(whole?.usage);
  });

  test('an answer fits the schema of the caller', async () => {
    const place = z.object({ city: z.string(), metric: z.boolean(), days: z.array(z.string()) });
    const { choices } = await gateway.client().chat.completions.parse({
      model: 'default/hello',
      messages: [{ role: 'user', content: 'How is Paris?' }],
      response_format: zodResponseFormat(place, 'place'),
    });
    expect(choices[0]?.message.parsed).toMatchObject({ city: 'Paris' });
  });
}
