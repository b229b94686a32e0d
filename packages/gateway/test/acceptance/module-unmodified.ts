import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ways } from './ask.ts';
import { type ModulesGateway, startModules } from './module-project.ts';
import { costOf, type Parrot, startParrot } from './parrot.ts';

type Case = {
  readonly what: string;
  readonly module: string;
  readonly question: string;
  readonly answer: string;
  /** Models it calls, in order; none where its own does not matter. */
  readonly models?: readonly string[];
};

/** The upstream answers with the instructions it was given: an exact answer shows that all of the module came to life. */
const allCases: readonly Case[] = [
  {
    what: 'agents that are tools of another',
    module: 'AgentTools',
    question: 'call to_spanish {"input":"Good day"}',
    answer: 'Use the tools to translate. [Translate to Spanish.]',
  },
  {
    what: 'an Agent Builder export, on one of its branches',
    module: 'BuilderExport',
    question: 'Which jobs are open?',
    answer: 'Answer the question about jobs: Which jobs are open?',
    models: ['gpt-4.1-mini', 'gpt-4.1'],
  },
  {
    what: 'an Agent Builder export, on its other branch',
    module: 'BuilderExport',
    question: 'How high is the tower?',
    answer: 'Answer briefly.',
    models: ['gpt-4.1-mini', 'gpt-4.1'],
  },
  {
    what: 'an Agent Builder export whose tool is a stub',
    module: 'BuilderExport',
    question: 'call getOpenings {"department":"jobs"}',
    answer: 'Answer the question about jobs: call getOpenings {"department":"jobs"} [undefined]',
  },
  { what: 'CommonJS', module: 'CommonJs', question: 'Hello?', answer: 'Greet.' },
  { what: 'an asynchronous factory', module: 'FactoryAsync', question: 'Hello?', answer: 'x' },
  {
    what: 'handoffs, to an agent',
    module: 'HandoffDesk',
    question: 'call transfer_to_Billing {}',
    answer: 'Answer questions about bills.',
  },
  {
    what: 'handoffs, through handoff() to an agent with a model of its own',
    module: 'HandoffDesk',
    question: 'call transfer_to_Refunds {}',
    answer: 'Refund.',
    models: ['gpt-5', 'gpt-5.4-mini'],
  },
  { what: 'an import of JSON', module: 'JsonImport', question: 'Hello?', answer: 'Be brief.' },
  { what: 'enums and decorators', module: 'Legacy', question: 'Hello?', answer: 'Be kind 1' },
  {
    what: 'a native package of its own',
    module: 'NativePackage',
    question: 'Hello?',
    answer: '.rule{color:red;margin:0}',
  },
  {
    what: 'model calls that it makes itself',
    module: 'OwnCalls',
    question: 'say One by one.',
    answer: 'One by one.',
    models: ['my-own-model'],
  },
  {
    what: 'an OpenAI client of its own',
    module: 'OwnClient',
    question: 'Hello?',
    answer: 'Use my own client.',
    models: ['my-model'],
  },
  {
    what: 'a plain run that returns text',
    module: 'PlainString',
    question: 'Hello?',
    answer: 'default/plainstring heard user: Hello?',
    models: [],
  },
  {
    what: 'a plain run that yields text',
    module: 'Runnable',
    question: 'Hello?',
    answer: 'Hello?!',
    models: [],
  },
  { what: 'await at its top', module: 'TopLevelAwait', question: 'Hello?', answer: 'Be brief.\n' },
  { what: 'paths of a tsconfig', module: 'TsPaths', question: 'Hello?', answer: 'From a path.' },
  {
    what: 'TSX',
    module: 'Tsx',
    question: 'Hello?',
    answer: '<prompt><rule>Be brief.</rule><rule>Be kind.</rule></prompt>',
  },
  {
    what: 'a folder outside the project',
    module: 'Hello',
    question: 'call get_weather {"city":"Paris"}',
    answer: 'Say hello. [20 °C in Paris]',
  },
];

const outsideModules: readonly string[] = ['Hello'];
const modelOf = (module: string) => `default/${module.toLowerCase()}`;

/** All of these modules. */
export const allModules: readonly string[] = [...new Set(allCases.map(({ module }) => module))];

/** What the loader's own tests load as well (`worker/load/load-module.test.ts`), or the table of agents has in both languages. */
export const loadedElsewhere: readonly string[] = [
  'AgentTools',
  'FactoryAsync',
  'JsonImport',
  'Runnable',
  'TopLevelAwait',
  'TsPaths',
  'Tsx',
];

let parrot: Parrot;
let gateway: ModulesGateway;

/** These modules as their authors wrote them; one gateway for all of them. */
export function testUnmodified(modules: readonly string[]): void {
  const cases = allCases.filter(({ module }) => modules.includes(module));

  beforeAll(async () => {
    parrot = await startParrot(({ body, messages }) => {
      const wantsTopic = JSON.stringify(body.text ?? '').includes('topic');
      const topic = messages.some((message) => message.includes('jobs')) ? 'jobs' : 'other';
      return wantsTopic ? { text: [JSON.stringify({ topic })] } : null;
    });
    gateway = await startModules({
      modules: modules.filter((name) => !outsideModules.includes(name)),
      outsideModules: modules.filter((name) => outsideModules.includes(name)),
      linked: modules.includes('NativePackage') ? { NativePackage: 'lightningcss' } : {},
      env: {
        OPENAI_API_KEY: 'sk-parrot',
        OPENAI_BASE_URL: parrot.baseUrl,
        GATEWAY_UPSTREAM_API: 'responses',
        GATEWAY_DEFAULT_MODEL: 'gpt-5',
      },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    parrot?.stop();
  });

  test('all of them load, with nothing wrong', async () => {
    const response = await gateway.fetch('/admin/agents/errors?severity=error');
    expect(await response.json()).toMatchObject({ errors: [] });
    const models = await Array.fromAsync(gateway.client().models.list());
    expect(models.map((model) => model.id).toSorted()).toEqual(modules.map(modelOf).toSorted());
  });

  describe.each(ways)('asked $way', ({ ask }) => {
    test.each(cases)(
      'a module with $what answers',
      async ({ module, question, answer, models }) => {
        const before = parrot.calls().length;
        const reply = await ask(gateway, { model: modelOf(module), messages: question });
        expect(reply.content).toBe(answer);
        expect(reply.finishReason).toBe('stop');
        const calls = parrot.calls().slice(before);
        if (models) expect(calls.map((call) => call.model)).toEqual(models);
        expect(reply.usage).toEqual(costOf(calls.length));
      },
    );
  });
}
