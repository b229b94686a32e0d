import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, OpenAIConversationsSession, OpenAIProvider, Runner } from '@openai/agents';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { failureOf } from './ask.ts';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';

const missing = await missingPython();
const source = (ending: string) =>
  readFileSync(join(packageRoot, `test/fixtures/both/desk.${ending}`), 'utf8');

describe.skipIf(missing)(`responses that are kept (${missing ?? 'run'})`, () => {
  let parrot: Parrot;
  let gateway: TestGateway;
  let client: OpenAI;

  beforeAll(async () => {
    parrot = await startParrot();
    gateway = await start();
    client = gateway.client({ apiKey: await gateway.createCallerKey() });
  });
  afterAll(async () => {
    await gateway?.stop();
    parrot?.stop();
  });

  function start(project?: TestGateway['project']): Promise<TestGateway> {
    return startGateway({
      ...(project ? { project } : {}),
      files: {
        'src/agents/Deskts/agent.ts': source('ts'),
        'src/agents/Deskpy/agent.py': source('py'),
      },
      env: {
        GATEWAY_PYTHON: pythonWithSdk(),
        OPENAI_API_KEY: 'sk-parrot',
        OPENAI_BASE_URL: parrot.baseUrl,
        GATEWAY_UPSTREAM_API: 'responses',
      },
    });
  }

  const lastMessages = () => parrot.calls().at(-1)?.messages;

  describe.each(['ts', 'py'])('of an agent in %s', (ending) => {
    const model = `desk${ending}`;

    test('are followed by others, two lines from one where two follow it', async () => {
      const first = await client.responses.create({
        model,
        instructions: 'Be brief.',
        input: 'say One',
      });
      const next = { model, previous_response_id: first.id };
      const second = await client.responses.create({ ...next, input: 'say Two' });
      expect(second.previous_response_id).toBe(first.id);
      expect(lastMessages()).toEqual(['user: say One', 'assistant: One', 'user: say Two']);
      // What was told to the first is not told again.
      expect(parrot.calls().at(-1)?.instructions).toBe('Help.');
      const other = client.responses.stream({ ...next, input: 'say Three' });
      expect((await other.finalResponse()).output_text).toBe('Three');
      expect(lastMessages()).toEqual(['user: say One', 'assistant: One', 'user: say Three']);
      await client.responses.create({
        model,
        previous_response_id: second.id,
        input: 'say Four',
      });
      expect(lastMessages()).toEqual([
        'user: say One',
        'assistant: One',
        'user: say Two',
        'assistant: Two',
        'user: say Four',
      ]);
    });

    test('know what tools gave before, and tell no caller', async () => {
      const { id } = await client.conversations.create({});
      const asked = { model, conversation: id };
      const measured = { ...asked, input: 'call measure {"thing":"rope"}' };
      await client.responses.create(measured);
      await client.responses.stream({ ...asked, input: 'say Two' }).finalResponse();
      await client.responses.stream(measured).finalResponse();
      await client.responses.create({ ...asked, input: 'say Three' });
      const called = { type: 'function_call', name: 'measure', arguments: '{"thing":"rope"}' };
      const gave = { type: 'function_call_output', output: '4 metres' };
      expect(parrot.calls().at(-1)?.body.input).toMatchObject([
        { role: 'user' },
        called,
        gave,
        { role: 'assistant' },
        { role: 'user' },
        { role: 'assistant' },
        { role: 'user' },
        called,
        gave,
        { role: 'assistant' },
        { role: 'user', content: 'say Three' },
      ]);
      const items = await Array.fromAsync(client.conversations.items.list(id, { order: 'asc' }));
      expect(new Set(items.map(({ type }) => type))).toEqual(new Set(['message']));
    });

    test('are turns of a conversation', async () => {
      const conversation = await client.conversations.create({
        items: [{ type: 'message', role: 'user', content: 'My name is Ann.' }],
        metadata: { team: 'x' },
      });
      const asked = { model, conversation: conversation.id };
      const response = await client.responses.create({ ...asked, input: 'say One' });
      expect(response.conversation).toEqual({ id: conversation.id });
      await client.responses.stream({ ...asked, input: 'say Two', store: false }).finalResponse();
      expect(lastMessages()).toEqual([
        'user: My name is Ann.',
        'user: say One',
        'assistant: One',
        'user: say Two',
      ]);
      const items = await Array.fromAsync(
        client.conversations.items.list(conversation.id, { order: 'asc', limit: 2 }),
      );
      expect(items.map((item) => item.type === 'message' && item.content)).toMatchObject([
        [{ type: 'input_text', text: 'My name is Ann.' }],
        [{ type: 'input_text', text: 'say One' }],
        [{ type: 'output_text', text: 'One' }],
        [{ type: 'input_text', text: 'say Two' }],
        [{ type: 'output_text', text: 'Two' }],
      ]);
    });
  });

  test('are shown whole, with what was asked, until they are deleted', async () => {
    const response = await client.responses.create({
      model: 'deskts',
      input: [
        { role: 'user', content: 'Look' },
        {
          role: 'user',
          content: [
            { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'low' },
            { type: 'input_file', file_data: 'AA==', filename: 'a.pdf' },
          ],
        },
      ],
    });
    expect(await client.responses.retrieve(response.id)).toEqual(response);
    const asked = await Array.fromAsync(
      client.responses.inputItems.list(response.id, { limit: 1 }),
    );
    expect(asked).toMatchObject([
      {
        role: 'user',
        content: [
          { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'low' },
          { type: 'input_file', file_data: 'AA==', filename: 'a.pdf' },
        ],
      },
      { role: 'user', content: [{ type: 'input_text', text: 'Look' }] },
    ]);
    await client.responses.delete(response.id);
    const gone = await failureOf(client.responses.retrieve(response.id));
    expect(gone).toMatchObject({ status: 404, code: 'not_found', param: null });
    for (const id of ['%00', 'resp_%F0%9F%99%82', `resp_${'x'.repeat(500)}`, "resp_'--"]) {
      const strange = await gateway.fetch(`/v1/responses/${id}`);
      expect(strange.status).toBe(404);
    }
    const next = { model: 'deskts', input: 'Hi', previous_response_id: response.id };
    const refused = await failureOf(client.responses.create(next));
    expect(refused).toMatchObject({ status: 404, param: 'previous_response_id' });
  });

  test('are referred to by their items, as some clients do', async () => {
    const input = 'call measure {"thing":"rope"}';
    const { output } = await client.responses.create({ model: 'deskts', input });
    const references = output.map(({ id }) => ({ type: 'item_reference' as const, id: id ?? '' }));
    const asked = {
      model: 'deskts',
      input: [
        { role: 'user' as const, content: input },
        ...references,
        { role: 'user' as const, content: 'say Two' },
      ],
    };
    expect((await client.responses.create(asked)).output_text).toBe('Two');
    expect(lastMessages()).toEqual([
      `user: ${input}`,
      'assistant: Help. [4 metres]',
      'user: say Two',
    ]);
    const [first] = references;
    for (const id of ['msg_gone_0', 'x', `${first?.id.replace(/^rs/, 'msg')}9`]) {
      const gone = { ...asked, input: [{ type: 'item_reference' as const, id }] };
      expect(await failureOf(client.responses.create(gone))).toMatchObject({
        status: 404,
        param: 'input',
      });
    }
    expect(await failureOf(gateway.client().responses.create(asked))).toMatchObject({
      status: 404,
    });
  });

  test('are where agents of the SDK keep their conversations', async () => {
    const modelProvider = new OpenAIProvider({ openAIClient: client });
    const runner = new Runner({ modelProvider, tracingDisabled: true });
    const remote = new Agent({ name: 'Remote', instructions: 'Hand on.', model: 'deskts' });
    const first = await runner.run(remote, 'say One');
    const { lastResponseId: previousResponseId } = first;
    if (previousResponseId === undefined) return expect.unreachable('It has an id.');
    const next = await runner.run(remote, 'say Two', { previousResponseId });
    expect(next.finalOutput).toBe('Two');
    const { id: conversationId } = await client.conversations.create({});
    await runner.run(remote, 'say One', { conversationId });
    await (await runner.run(remote, 'say Two', { conversationId, stream: true })).completed;
    const session = new OpenAIConversationsSession({ client });
    await runner.run(remote, 'say One', { session });
    await runner.run(remote, 'say Two', { session });
    const line = ['user: say One', 'assistant: One', 'user: say Two'];
    const asked = parrot.calls().filter(({ messages }) => messages.at(-1) === 'user: say Two');
    expect(asked.slice(-3).map(({ messages }) => messages)).toEqual([line, line, line]);
    expect(await session.getItems()).toHaveLength(4);
    expect(await session.popItem()).toMatchObject({ role: 'assistant' });
    expect(await session.getItems()).toHaveLength(3);
  });

  test('are not there where the caller wants none kept', async () => {
    const response = await client.responses.create({ model: 'deskts', input: 'Hi', store: false });
    expect(response).toMatchObject({ store: false });
    expect(await failureOf(client.responses.retrieve(response.id))).toMatchObject({ status: 404 });
  });

  test('are not there for another key, nor are its conversations', async () => {
    const response = await client.responses.create({ model: 'deskts', input: 'Hi' });
    const conversation = await client.conversations.create({});
    // The admin's own key is another key too.
    const other = gateway.client();
    const attempts = [
      () => other.responses.retrieve(response.id),
      () => other.responses.delete(response.id),
      () => Array.fromAsync(other.responses.inputItems.list(response.id)),
      () =>
        other.responses.create({ model: 'deskts', input: 'x', previous_response_id: response.id }),
      () => other.responses.create({ model: 'deskts', input: 'x', conversation: conversation.id }),
      () => other.conversations.retrieve(conversation.id),
      () => other.conversations.update(conversation.id, { metadata: {} }),
      () => other.conversations.delete(conversation.id),
      () => Array.fromAsync(other.conversations.items.list(conversation.id)),
    ];
    const known = await Promise.all(attempts.map((attempt) => failureOf(attempt())));
    expect(known.map(({ status }) => status)).toEqual(attempts.map(() => 404));
    const unknown = await failureOf(other.responses.retrieve('resp_gone'));
    expect(known[0]?.message.replace(response.id, 'resp_gone')).toBe(unknown.message);
    expect(await client.responses.retrieve(response.id)).toMatchObject({ status: 'completed' });
  });

  test('belong to one agent', async () => {
    const { id } = await client.responses.create({ model: 'deskts', input: 'Hi' });
    const asked = { model: 'deskpy', input: 'Hi', previous_response_id: id };
    expect(await failureOf(client.responses.create(asked))).toMatchObject({
      status: 400,
      param: 'model',
    });
    const stream = client.responses.create({ ...asked, stream: true });
    expect(await failureOf(stream)).toMatchObject({ status: 400 });
  });

  test('are kept where the caller has gone by the end of them', async () => {
    const stream = await client.responses.create({
      model: 'deskts',
      input: 'call wreck {"thing":"boat"}',
      stream: true,
    });
    let id = '';
    const read = (async () => {
      for await (const event of stream) if ('response' in event) id = event.response.id;
    })();
    expect(await failureOf(read)).toMatchObject({ code: 'tool_error' });
    expect(await client.responses.retrieve(id)).toMatchObject({
      status: 'failed',
      error: { code: 'tool_error' },
    });
  });

  test('have conversations that can be changed and lose items', async () => {
    const { id } = await client.conversations.create({ metadata: { a: 'b' } });
    expect(await client.conversations.update(id, { metadata: { c: 'd' } })).toMatchObject({
      id,
      object: 'conversation',
      metadata: { c: 'd' },
    });
    const added = await client.conversations.items.create(id, {
      items: [
        { type: 'message', role: 'user', content: 'One' },
        { type: 'message', role: 'assistant', content: 'Two' },
      ],
    });
    const [first] = added.data;
    const at = { conversation_id: id };
    expect(await client.conversations.items.retrieve(first?.id ?? '', at)).toEqual(
      expect.objectContaining({ id: first?.id, role: 'user' }),
    );
    await client.conversations.items.delete(first?.id ?? '', at);
    const items = await Array.fromAsync(client.conversations.items.list(id));
    expect(items).toMatchObject([{ role: 'assistant' }]);
    for (const unknown of ['msg_x', '%', '"', 'a\0b']) {
      const retrieved = client.conversations.items.retrieve(unknown, at);
      expect(await failureOf(retrieved)).toMatchObject({ status: 404 });
      const removed = client.conversations.items.delete(unknown, at);
      expect(await failureOf(removed)).toMatchObject({ status: 404 });
    }
    expect(await client.conversations.delete(id)).toMatchObject({ deleted: true });
    expect(await failureOf(client.conversations.retrieve(id))).toMatchObject({ status: 404 });
  });

  test('survive a gateway that is killed', async () => {
    const first = await client.responses.create({ model: 'deskts', input: 'say One' });
    const { project } = gateway;
    const { apiKey } = client;
    await gateway.end('SIGKILL');
    const killed = gateway;
    gateway = await start(project);
    client = gateway.client({ apiKey: apiKey ?? '' });
    const next = { model: 'deskts', previous_response_id: first.id, input: 'say Two' };
    await client.responses.create(next);
    expect(lastMessages()).toEqual(['user: say One', 'assistant: One', 'user: say Two']);
    await gateway.stop();
    await killed.stop();
  });
});
