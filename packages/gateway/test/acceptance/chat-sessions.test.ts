import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { failureOf } from './ask.ts';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';

const missing = await missingPython();
const source = (ending: string) =>
  readFileSync(join(packageRoot, `test/fixtures/both/desk.${ending}`), 'utf8');

/** The desk, whose author wants sessions. */
const withSessions = {
  ts: source('ts').replace("{ model: 'desk-model' }", "{ model: 'desk-model', sessions: true }"),
  py: source('py').replace('{"model": "desk-model"}', '{"model": "desk-model", "sessions": True}'),
};

describe.skipIf(missing)(`sessions of chat clients (${missing ?? 'run'})`, () => {
  let parrot: Parrot;
  let gateway: TestGateway;
  let apiKey: string;

  beforeAll(async () => {
    parrot = await startParrot();
    gateway = await startGateway({
      files: {
        'src/agents/Deskts/agent.ts': withSessions.ts,
        'src/agents/Deskpy/agent.py': withSessions.py,
        'src/agents/Other/agent.ts': source('ts'),
        'src/agents/labs/Given/agent.ts': source('ts'),
        'src/agents/labs/Taken/agent.ts': withSessions.ts,
        'gateway.yaml':
          'worker: { spares: 0 }\nagents:\n  labs/*: { sessions: true }\n  labs/taken: { sessions: false }\n',
      },
      env: {
        GATEWAY_PYTHON: pythonWithSdk(),
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

  type Message = OpenAI.ChatCompletionMessageParam;
  type Headers = Readonly<Record<string, string>>;
  const user = (content: string): Message => ({ role: 'user', content });
  const said = (content: string): Message => ({ role: 'assistant', content });
  const system = (content: string): Message => ({ role: 'system', content });

  const client = (headers: Headers, key = apiKey) =>
    gateway.client({ apiKey: key }).withOptions({ defaultHeaders: { ...headers } });

  async function ask(model: string, headers: Headers, messages: readonly Message[]) {
    const body = { model, messages: [...messages] };
    const { data, response } = await client(headers).chat.completions.create(body).withResponse();
    return { text: data.choices[0]?.message.content, headers: response.headers };
  }

  async function askStreamed(model: string, headers: Headers, messages: readonly Message[]) {
    const stream = client(headers).chat.completions.stream({ model, messages: [...messages] });
    return (await stream.finalChatCompletion()).choices[0]?.message.content;
  }

  /** The status of a request whose headers may come twice. */
  async function statusOf(headers: OutgoingHttpHeaders) {
    const body = JSON.stringify({ model: 'deskts', messages: [user('Hi')] });
    const asked = request(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
    });
    asked.end(body);
    const [response] = await once(asked, 'response');
    response.resume();
    return response.statusCode;
  }

  const lastInput = () => parrot.calls().at(-1)?.body.input;
  const lastMessages = () => parrot.calls().at(-1)?.messages;

  describe.each(['ts', 'py'])('of an agent in %s', (ending) => {
    const model = `desk${ending}`;
    const measured = user('call measure {"thing":"rope"}');
    const called = { type: 'function_call', name: 'measure', arguments: '{"thing":"rope"}' };
    const gave = { type: 'function_call_output', output: '4 metres' };

    test('know what tools gave before, where a client sends its whole history', async () => {
      const chat = { 'x-session-id': `tools-${ending}` };
      const first = await ask(model, chat, [measured]);
      const answer = said(first.text ?? '');
      expect(await askStreamed(model, chat, [measured, answer, user('say Two')])).toBe('Two');
      const known = [{ role: 'user' }, called, gave, { role: 'assistant' }];
      expect(lastInput()).toMatchObject([...known, { role: 'user', content: 'say Two' }]);
      const history = [measured, answer, user('say Two'), said('Two')];
      await ask(model, chat, [...history, user('say Three')]);
      expect(lastInput()).toMatchObject([
        ...known,
        { role: 'user', content: 'say Two' },
        { role: 'assistant' },
        { role: 'user', content: 'say Three' },
      ]);
    });

    test('go on where a client sends its newest message alone', async () => {
      const chat = { 'x-session-id': `newest-${ending}` };
      await askStreamed(model, chat, [system('Be brief.'), measured]);
      await ask(model, chat, [user('say Two')]);
      expect(lastInput()).toMatchObject([
        { role: 'user' },
        called,
        gave,
        { role: 'assistant' },
        { role: 'user', content: 'say Two' },
      ]);
      // What one request says to the agent is not said by the next.
      expect(parrot.calls().at(-1)?.instructions).toBe('Help.');
    });
  });

  test('branch where a message is edited, or is answered again', async () => {
    const chat = { 'x-openwebui-chat-id': 'branches' };
    const measured = user('call measure {"thing":"rope"}');
    const one = [user('say One'), said('One')];
    await ask('deskts', chat, [user('say One')]);
    const { text } = await ask('deskts', chat, [...one, measured]);
    const two = [...one, measured, said(text ?? '')];
    await ask('deskts', chat, [...two, user('say Three')]);
    const seen: unknown[] = [];
    for (const messages of [
      [...two, user('say Again')],
      [...one, user('say Other')],
      [...one, user('say Other'), said('Other'), user('say Next')],
      [...one, measured],
      [...two, user('say Three'), said('Three'), user('say Four')],
      [...one, user('call measure {"thing":"rope"} '), said(text ?? ''), user('say After')],
      [user('say Begin')],
    ]) {
      await ask('deskts', chat, messages);
      const input = parrot.calls().at(-1)?.body.input as { type?: string; role?: string }[];
      seen.push(input.map(({ type, role }) => role ?? type));
    }
    const known = ['user', 'assistant'];
    const tools = ['user', 'function_call', 'function_call_output'];
    expect(seen).toEqual([
      [...known, ...tools, 'assistant', 'user'],
      [...known, 'user'],
      [...known, ...known, 'user'],
      [...known, ...tools],
      [...known, ...tools, 'assistant', 'user', 'assistant', 'user'],
      [...known, ...known, 'user'],
      ['user'],
    ]);
  });

  test('are conversations of their key, which it may read and delete', async () => {
    const chat = { 'x-session-id': 'kept' };
    const { headers } = await ask('deskts', chat, [user('say One')]);
    const id = headers.get('x-conversation-id') ?? '';
    const { conversations } = client({});
    expect(await conversations.retrieve(id)).toMatchObject({ metadata: { session_id: 'kept' } });
    const items = await Array.fromAsync(conversations.items.list(id, { order: 'asc' }));
    expect(items).toMatchObject([{ role: 'user' }, { role: 'assistant' }]);
    await conversations.delete(id);
    const again = await ask('deskts', chat, [user('say Two')]);
    expect(again.headers.get('x-conversation-id')).toBe(id);
    expect(lastMessages()).toEqual(['user: say Two']);
    const other = client(chat, await gateway.createCallerKey());
    const ids = new Set([id]);
    const body = { model: 'deskts', messages: [user('say Three')] };
    const theirs = await other.chat.completions.create(body).withResponse();
    ids.add(theirs.response.headers.get('x-conversation-id') ?? '');
    expect(lastMessages()).toEqual(['user: say Three']);
    const python = await ask('deskpy', chat, [user('say Four')]);
    ids.add(python.headers.get('x-conversation-id') ?? '');
    expect(lastMessages()).toEqual(['user: say Four']);
    expect(ids.size).toBe(3);
    expect(await failureOf(other.conversations.retrieve(id))).toMatchObject({ status: 404 });
  });

  test('are named in metadata too, and by LibreChat once a chat has an id', async () => {
    const { chat } = client({});
    const named = { model: 'deskts', metadata: { session_id: 'in metadata' } };
    await chat.completions.create({ ...named, messages: [user('say One')] });
    await chat.completions.create({ ...named, messages: [user('say Two')] });
    expect(lastMessages()).toEqual(['user: say One', 'assistant: One', 'user: say Two']);
    for (const name of ['', 'new', '{{LIBRECHAT_BODY_CONVERSATIONID}}', 'c1']) {
      const librechat = { 'x-librechat-conversation-id': name };
      const { headers } = await ask('deskts', librechat, [user('say One')]);
      expect(headers.has('x-conversation-id')).toBe(name === 'c1');
    }
  });

  test('have no turns of what Open WebUI asks by itself, or wants to be gone', async () => {
    const task = user('### Task:\nsay Title <chat_history></chat_history>');
    const asked = await ask('deskts', { 'x-openwebui-chat-id': 'c1' }, [task]);
    expect(asked.headers.has('x-conversation-id')).toBe(false);
    const passing = await ask('deskts', { 'x-openwebui-chat-id': 'local:c1' }, [user('Hi')]);
    expect(passing.headers.has('x-conversation-id')).toBe(false);
  });

  test('are there where the operator says so, whatever the author says, and are told as ignored elsewhere', async () => {
    const chat = { 'x-session-id': 'x', 'x-openwebui-chat-id': 'y' };
    const given = await ask('labs/given', { 'x-session-id': 'x' }, [user('say One')]);
    expect(given.headers.get('x-conversation-id')).toMatch(/^conv_[0-9a-f]{32}$/);
    for (const model of ['labs/taken', 'other']) {
      const { headers, text } = await ask(model, chat, [user('say One')]);
      expect(text).toBe('One');
      expect(headers.has('x-conversation-id')).toBe(false);
      expect(headers.get('x-agent-ignored')).toBe('x-session-id, x-openwebui-chat-id');
    }
    const metadata = { session_id: 'x' };
    const { response } = await client({})
      .chat.completions.create({ model: 'other', messages: [user('Hi')], metadata })
      .withResponse();
    expect(response.headers.get('x-agent-ignored')).toBe('metadata.session_id');
  });

  test('are refused by names that are none, and by two that differ', async () => {
    const before = parrot.calls().length;
    const refused = async (headers: Headers, metadata: Record<string, string> = {}) => {
      const { chat } = client(headers);
      const body = { model: 'deskts', messages: [user('Hi')], metadata };
      const { status, code, param } = await failureOf(chat.completions.create(body));
      return { status, code, param };
    };
    const about = (param: string) => ({ status: 400, code: 'invalid_value', param });
    const long = 'x'.repeat(10_000);
    expect(await refused({ 'x-session-id': long })).toEqual(about('x-session-id'));
    expect(await refused({ 'x-session-id': 'x'.repeat(257) })).toEqual(about('x-session-id'));
    expect(await refused({}, { session_id: 'a\u0000b' })).toEqual(about('metadata.session_id'));
    expect(await refused({}, { session_id: 'a\nb' })).toEqual(about('metadata.session_id'));
    expect(await refused({ 'x-session-id': 'a', 'x-openwebui-chat-id': 'b' })).toEqual(
      about('x-openwebui-chat-id'),
    );
    expect(await refused({ 'x-session-id': 'a' }, { session_id: 'b' })).toEqual(
      about('metadata.session_id'),
    );
    const twice = { authorization: `Bearer ${apiKey}`, 'x-session-id': ['a', 'b'] };
    expect(await statusOf(twice)).toBe(400);
    expect(parrot.calls()).toHaveLength(before);
    const same = await ask('deskts', { 'x-session-id': 'a', 'x-openwebui-chat-id': 'a' }, [
      user('Hi'),
    ]);
    expect(same.headers.has('x-conversation-id')).toBe(true);
  });

  test('take their turns one after another', async () => {
    const chat = { 'x-session-id': 'at once' };
    await Promise.all(
      ['One', 'Two', 'Three'].map((word) => ask('deskts', chat, [user(`say ${word}`)])),
    );
    await ask('deskts', chat, [user('say Last')]);
    const messages = lastMessages() ?? [];
    expect(messages).toHaveLength(7);
    const turns = [0, 2, 4].map((at) => [messages[at], messages[at + 1]]);
    expect(turns).toEqual(
      expect.arrayContaining(
        ['One', 'Two', 'Three'].map((word) => [`user: say ${word}`, `assistant: ${word}`]),
      ),
    );
  });

  test('go on after a caller that left, and after a stop by a guardrail', async () => {
    const chat = { 'x-session-id': 'left' };
    const left = { model: 'deskts', messages: [user('say One')] };
    const stream = await client(chat).chat.completions.create({ ...left, stream: true });
    stream.controller.abort();
    expect(await askStreamed('deskts', chat, [user('say the secret')])).not.toBe('');
    expect((await ask('deskts', chat, [user('say Two')])).text).toBe('Two');
    expect(lastMessages()?.slice(-3)).toMatchObject([
      'user: say the secret',
      expect.stringMatching(/^assistant: /),
      'user: say Two',
    ]);
  });

  test('have no turn of a run that failed', async () => {
    const chat = { 'x-session-id': 'failed' };
    await ask('deskts', chat, [user('say One')]);
    const wrecked = { model: 'deskts', messages: [user('call wreck {"thing":"boat"}')] };
    expect(await failureOf(client(chat).chat.completions.create(wrecked))).toMatchObject({
      code: 'tool_error',
    });
    await ask('deskts', chat, [user('say Two')]);
    expect(lastMessages()).toEqual(['user: say One', 'assistant: One', 'user: say Two']);
  });
});
