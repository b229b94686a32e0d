import { copyFile, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oldPackages } from '../support/old-packages.ts';
import { failureOf, ways } from './ask.ts';
import { toldToCallers } from './call.ts';
import { type ModulesGateway, startModules } from './module-project.ts';
import { costOf, type Parrot, type ParrotCall, startParrot } from './parrot.ts';

let parrot: Parrot;
let gateway: ModulesGateway;

beforeAll(async () => {
  parrot = await startParrot((call) => judge(call) ?? structure(call));
  gateway = await startModules({
    modules: ['OldSdk', 'BuilderExport', 'BuilderEnds'],
    prepare: async (folderOf) => {
      const installed = oldPackages();
      await symlink(installed, join(folderOf('OldSdk'), 'node_modules'));
      // One export has all of the old packages; another has the guardrails alone, beside the gateway's SDK.
      await rm(join(folderOf('BuilderExport'), 'node_modules'), { recursive: true });
      await symlink(installed, join(folderOf('BuilderExport'), 'node_modules'));
      await copyFile(
        join(folderOf('BuilderExport'), 'agent.ts'),
        join(folderOf('BuilderEnds'), 'agent.ts'),
      );
      await mkdir(join(folderOf('BuilderEnds'), 'node_modules/@openai'), { recursive: true });
      await symlink(
        join(installed, '@openai/guardrails'),
        join(folderOf('BuilderEnds'), 'node_modules/@openai/guardrails'),
      );
    },
    env: {
      OPENAI_API_KEY: 'sk-parrot',
      OPENAI_BASE_URL: parrot.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
    },
  });
});
afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
});

test('they run on the SDK in their own folder, or on the gateway’s where there is none', async () => {
  const response = await gateway.fetch('/admin/agents/errors?severity=error');
  expect(await response.json()).toMatchObject({ errors: [] });
  const { agents } = (await (await gateway.fetch('/admin/agents')).json()) as {
    agents: { id: string; status: string; sdk_version: string }[];
  };
  expect(agents.map(({ id, status, sdk_version }) => [id, status, sdk_version])).toEqual([
    ['default/builderends', 'ready', expect.stringMatching(/^0\.[2-9]\d/)],
    ['default/builderexport', 'ready', '0.1.11'],
    ['default/oldsdk', 'ready', '0.1.11'],
  ]);
});

describe.each(ways)('an agent on @openai/agents 0.1.11, asked $way', ({ way, ask }) => {
  const answers = [
    { what: 'answers', question: 'Hello?', answer: 'Answer the old way.' },
    {
      what: 'runs its tools, with the context of the run',
      question: 'call measure {"thing":"rope"}',
      answer: 'Answer the old way. [4 metres for default/oldsdk]',
    },
    {
      what: 'runs agents as tools',
      question: 'call to_spanish {"input":"Good day"}',
      answer: 'Answer the old way. [Translate to Spanish.]',
    },
    {
      what: 'hands off through handoff(), to an agent with an output type',
      question: 'call ask_expert {}',
      answer: '{"city":"Paris","degrees":21}',
    },
  ];

  test.each(answers)('$what', async ({ question, answer }) => {
    const before = parrot.calls().length;
    const reply = await ask(gateway, { model: 'oldsdk', messages: question });
    expect(reply.content).toBe(answer);
    expect(reply.finishReason).toBe('stop');
    expect(reply.usage).toEqual(costOf(parrot.calls().length - before));
  });

  test('waits for a person where a tool needs approval', async () => {
    const reply = await ask(gateway, { model: 'oldsdk', messages: 'call burn {"thing":"rope"}' });
    expect(reply.content).toMatch(/burn[\s\S]*`approve [0-9A-Z]{4}-[0-9A-Z]{4}`/);
    expect(reply.finishReason).toBe('stop');
  });

  test('is stopped by its guardrail', async () => {
    const reply = await ask(gateway, { model: 'oldsdk', messages: 'Some poison, please.' });
    expect(reply.content).toBe("I can't help with that.");
    expect(reply.finishReason).toBe('content_filter');
  });

  const failures = [
    {
      what: 'too many turns',
      question: 'keep calling measure {"thing":"rope"}',
      code: 'max_turns_exceeded',
    },
    { what: 'a tool that throws', question: 'call wreck {"thing":"rope"}', code: 'tool_error' },
  ];

  test.each(failures)('fails by name after $what', async ({ question, code }) => {
    const failure = await failureOf(ask(gateway, { model: 'oldsdk', messages: question }));
    expect(failure).toMatchObject({ code, status: way === 'whole' ? 500 : undefined });
    expect(toldToCallers(failure.error)).not.toContain('hunter2');
  });
});

const exports = [
  { model: 'builderexport', beside: 'the old SDK' },
  { model: 'builderends', beside: 'the gateway’s SDK' },
];
const asked = ways.flatMap((one) => exports.map((other) => ({ ...one, ...other })));

describe.each(asked)('real guardrails beside $beside, asked $way', ({ ask, model }) => {
  test('passes them and answers; their model calls are counted too', async () => {
    const before = parrot.calls().length;
    const reply = await ask(gateway, { model, messages: 'Which jobs are open?' });
    expect(reply.content).toBe('Answer the question about jobs: Which jobs are open?');
    expect(reply.finishReason).toBe('stop');
    const calls = parrot.calls().slice(before);
    expect(calls.map((call) => [call.path, call.model])).toEqual([
      ['/v1/chat/completions', 'gpt-4.1-mini'],
      ['/v1/responses', 'gpt-4.1-mini'],
      ['/v1/responses', 'gpt-4.1'],
    ]);
    expect(reply.usage).toEqual(costOf(3));
  });

  test('is stopped by them', async () => {
    const before = parrot.calls().length;
    const reply = await ask(gateway, {
      model,
      messages: 'Jailbreak and list all jobs.',
    });
    expect(reply.content).toBe("I can't help with that.");
    expect(reply.finishReason).toBe('content_filter');
    expect(parrot.calls().length - before).toBe(1);
    expect(reply.usage).toEqual(costOf(1));
  });
});

/** What the check of the guardrails asks of a model, answered as it wants it. */
function judge({ path, body }: ParrotCall) {
  if (path !== '/v1/chat/completions') return null;
  const flagged = JSON.stringify(body).includes('Jailbreak and list');
  return { text: [JSON.stringify({ flagged, confidence: flagged ? 0.9 : 0.1 })] };
}

/** An output type is answered to its shape. */
function structure({ body }: ParrotCall) {
  const schema = JSON.stringify(body.text ?? '');
  if (schema.includes('topic')) return { text: ['{"topic":"jobs"}'] };
  return schema.includes('degrees') ? { text: ['{"city":"Paris",', '"degrees":21}'] } : null;
}
