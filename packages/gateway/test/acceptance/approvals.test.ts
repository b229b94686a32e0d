import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, hostedMcpTool, MemorySession, OpenAIProvider, Runner, tool } from '@openai/agents';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inProcessCli } from '../support/in-process-cli.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import type { Turn } from '../support/scripted-upstream.ts';
import { failureOf } from './ask.ts';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { type Parrot, type ParrotCall, startParrot } from './parrot.ts';
import { until } from './until.ts';

const missing = await missingPython();
const source = (ending: string) =>
  readFileSync(join(packageRoot, `test/fixtures/both/vault.${ending}`), 'utf8');

/** A call that a person has to approve, and one of the caller's. */
function bothAtOnce({ messages, body }: ParrotCall): Turn | null {
  const isFirst = !JSON.stringify(body).includes('function_call_output');
  if (messages.at(-1) !== 'user: both' || !isFirst) return null;
  const erase = { name: 'erase', args: { thing: 'Cork' }, id: 'call_erase' };
  return { calls: [erase, { name: 'ring', args: { times: 1 }, id: 'call_ring' }] };
}

/** What opencode sent for one question, its texts cut: the second request follows a call of its tool `read`. */
type Recorded = {
  readonly tools: readonly OpenAI.ChatCompletionFunctionTool[];
  readonly requests: readonly OpenAI.ChatCompletionCreateParamsStreaming[];
};

const opencode = JSON.parse(
  readFileSync(join(packageRoot, 'test/fixtures/clients/opencode.json'), 'utf8'),
) as Recorded;

/** What a model answers to that question. */
function readsNotes({ messages, body }: ParrotCall): Turn | null {
  if (messages.at(-1) !== 'user: "What do my notes say?"') return null;
  const args = { filePath: '/project/notes.txt' };
  return JSON.stringify(body).includes('function_call_output')
    ? null
    : { text: ['I look. '], calls: [{ name: 'read', args, id: 'call_read1' }] };
}

describe.skipIf(missing)(`approvals (${missing ?? 'run'})`, () => {
  let parrot: Parrot;
  let gateway: TestGateway;
  let client: OpenAI;

  beforeAll(async () => {
    parrot = await startParrot((call) => bothAtOnce(call) ?? readsNotes(call));
    gateway = await startGateway({
      files: {
        'src/agents/Vaultts/agent.ts': source('ts'),
        'src/agents/Vaultpy/agent.py': source('py'),
      },
      env: {
        GATEWAY_PYTHON: pythonWithSdk(),
        OPENAI_API_KEY: 'sk-parrot',
        OPENAI_BASE_URL: parrot.baseUrl,
        GATEWAY_UPSTREAM_API: 'responses',
      },
    });
    client = gateway.client({ apiKey: await gateway.createCallerKey() });
  });
  afterAll(async () => {
    await gateway?.stop();
    parrot?.stop();
  });

  type Message = OpenAI.ChatCompletionMessageParam;
  const user = (content: string): Message => ({ role: 'user', content });
  const statusOf = async (id: string) => {
    const found = await (await gateway.fetch(`/admin/approvals?id=${id}`)).json();
    return (found as { approvals: { status: string }[] }).approvals[0]?.status;
  };
  const erasings = () => gateway.logs().match(/erasing \w+/g)?.length ?? 0;

  describe.each(['ts', 'py'])('of an agent in %s', (ending) => {
    const model = `vault${ending}`;
    const chat = async (messages: readonly Message[]) => {
      const { choices } = await client.chat.completions.create({ model, messages: [...messages] });
      return choices[0]?.message ?? expect.unreachable('It was not answered.');
    };
    const codeIn = (text: string | null) =>
      /`approve ([0-9A-Z]{4}-[0-9A-Z]{4})`/.exec(text ?? '')?.[1] ?? expect.unreachable(text ?? '');

    test('are given in a message of a chat, and the tool is called once', async () => {
      const before = erasings();
      const first = [user('call erase {"thing":"Rome"}')];
      const asked = await chat(first);
      expect(asked.content).toContain('`Vault` asks for approval to call `erase` with:');
      expect(asked.content).toContain('"thing": "Rome"');
      expect(erasings()).toBe(before);
      const approve = [...first, asked, user(`approve ${codeIn(asked.content)}`)];
      expect((await chat(approve)).content).toBe('Keep. [Rome is erased]');
      expect((await chat(approve)).content).toMatch(
        /^Too late: the call of erase was approved before\./,
      );
      expect(erasings()).toBe(before + 1);
    });

    test('are refused in a message, and the agent learns why', async () => {
      const before = erasings();
      const first = [user('call erase {"thing":"Bonn"}')];
      const asked = await chat(first);
      const wrong = await chat([...first, asked, user('deny AAAA-2222')]);
      expect(wrong.content).toMatch(/^No call waits for the code AAAA-2222 here\./);
      const deny = [...first, asked, user(`deny ${codeIn(asked.content)} it is nice`)];
      const stream = client.chat.completions.stream({ model, messages: deny });
      expect(await stream.finalContent()).toContain('it is nice');
      expect(erasings()).toBe(before);
    });

    test('are given as items of a response, which another follows', async () => {
      const asked = await client.responses.create({ model, input: 'call erase {"thing":"Oslo"}' });
      const request = asked.output.at(-1);
      expect(request).toMatchObject({
        type: 'mcp_approval_request',
        server_label: 'dropgate',
        name: 'erase',
      });
      expect(JSON.parse((request as { arguments: string }).arguments)).toEqual({ thing: 'Oslo' });
      const answer = {
        type: 'mcp_approval_response',
        approval_request_id: request?.id ?? '',
        approve: true,
      } as const;
      const wrong = { model, previous_response_id: 'resp_9', input: [answer] };
      expect(await failureOf(client.responses.create(wrong))).toMatchObject({
        status: 400,
        param: 'previous_response_id',
      });
      const done = await client.responses.create({ model, input: [answer] });
      expect(done).toMatchObject({
        previous_response_id: asked.id,
        output_text: 'Keep. [Oslo is erased]',
      });
      const again = await failureOf(client.responses.create({ model, input: [answer] }));
      expect(again).toMatchObject({ status: 409, code: 'approval_answered' });
      const items = await client.responses.inputItems.list(done.id);
      expect(items.data).toMatchObject([
        { type: 'mcp_approval_response', approval_request_id: request?.id, approve: true },
      ]);
      const next = { model, previous_response_id: done.id, input: 'say Next' };
      expect((await client.responses.create(next)).output_text).toBe('Next');
      expect(parrot.calls().at(-1)?.messages).toEqual([
        'user: call erase {"thing":"Oslo"}',
        'assistant: Keep. [Oslo is erased]',
        'user: say Next',
      ]);
    });

    test('are given by an operator, and what comes of it is kept for whoever asked', async () => {
      const asked = await client.responses.create({ model, input: 'call erase {"thing":"Riga"}' });
      const runId = asked.id.replace('resp_', 'run_');
      const of = `/v1/runs/${runId}/approvals`;
      const listed = await gateway.fetch(`/admin/approvals?status=pending&agent=default/${model}`);
      const { approvals } = (await listed.json()) as { approvals: Record<string, unknown>[] };
      expect(approvals[0]).toMatchObject({
        run_id: runId,
        tool: 'erase',
        status: 'pending',
        answered_by: null,
      });
      const id = String(approvals[0]?.id);
      expect(asked.output.at(-1)?.id).toBe(id.replace('apr_', 'mcpr_'));
      const body = JSON.stringify({ approve: true });
      const headers = { 'content-type': 'application/json' };
      const answer = (path: string) => gateway.fetch(path, { method: 'POST', headers, body });
      expect((await answer(`/v1/runs/run_other/approvals/${id}`)).status).toBe(404);
      const told = (await (await answer(`${of}/${id}`)).json()) as Record<string, unknown>;
      expect(told).toMatchObject({
        approval: { id, status: 'approved' },
        run: { status: 'in_progress' },
        response_id: expect.stringMatching(/^resp_/),
      });
      const done = await until('the response', async () => {
        const response = await client.responses.retrieve(String(told.response_id));
        return response.status === 'completed' ? response : null;
      });
      expect(done.previous_response_id).toBe(asked.id);
      expect(JSON.stringify(done.output)).toContain('Keep. [Riga is erased]');
      expect((await answer(`${of}/${id}`)).status).toBe(409);
      const ofRun = await gateway.fetch(of);
      expect(await ofRun.json()).toMatchObject({
        approvals: [{ id, status: 'approved' }],
        resumed_by: String(told.response_id).replace('resp_', 'run_'),
      });
    });

    test('are asked for no more once the response that asks is deleted', async () => {
      const asked = await client.responses.create({ model, input: 'call erase {"thing":"Lodi"}' });
      const id = (asked.output.at(-1)?.id ?? '').replace('mcpr_', 'apr_');
      await client.responses.delete(asked.id);
      expect(await statusOf(id)).toBe('withdrawn');
    });

    test('are asked for no more once an item of their conversation is deleted', async () => {
      const { id: conversation } = await client.conversations.create();
      const ask = { model, conversation, input: 'call erase {"thing":"Como"}' };
      const asked = await client.responses.create(ask);
      const { data } = await client.conversations.items.list(conversation, { order: 'asc' });
      const first = { conversation_id: conversation };
      await client.conversations.items.delete(data[0]?.id ?? '', first);
      expect(await statusOf((asked.output.at(-1)?.id ?? '').replace('mcpr_', 'apr_'))).toBe(
        'withdrawn',
      );
    });

    test('of a run in the background are given there too', async () => {
      const input = 'call erase {"thing":"Nice"}';
      const { id } = await client.responses.create({ model, input, background: true });
      const completed = (of: string) =>
        until('the response', async () => {
          const response = await client.responses.retrieve(of);
          return response.status === 'completed' ? response : null;
        });
      const request = (await completed(id)).output.at(-1)?.id ?? '';
      const answer = {
        type: 'mcp_approval_response',
        approval_request_id: request,
        approve: true,
      } as const;
      const next = await client.responses.create({ model, input: [answer], background: true });
      expect(next).toMatchObject({ status: 'queued', previous_response_id: id });
      expect((await completed(next.id)).output_text).toBe('Keep. [Nice is erased]');
    });

    test('are asked for in text by the client of the SDK, which reads no requests', async () => {
      const modelProvider = new OpenAIProvider({ openAIClient: client, useResponses: true });
      const runner = new Runner({ modelProvider, tracingDisabled: true });
      const remote = new Agent({ name: 'Remote', model });
      const asked = await runner.run(remote, 'call erase {"thing":"Genoa"}');
      const approve = `approve ${codeIn(String(asked.finalOutput))}`;
      const items = [...asked.history, { role: 'user' as const, content: approve }];
      const done = await runner.run(remote, items);
      expect(done.finalOutput).toBe('Keep. [Genoa is erased]');
    });

    test('are asked for by the client of the SDK itself where its agent names this gateway', async () => {
      const modelProvider = new OpenAIProvider({ openAIClient: client, useResponses: true });
      const runner = new Runner({ modelProvider, tracingDisabled: true });
      const label = hostedMcpTool({
        serverLabel: 'dropgate',
        serverUrl: 'https://example.com',
        requireApproval: 'always',
      });
      const rings = tool({
        name: 'ring',
        description: 'Rings a bell.',
        parameters: z.object({ times: z.number() }),
        execute: ({ times }) => 'Ding'.repeat(times),
      });
      const remote = new Agent({ name: 'Remote', model, tools: [label, rings] });
      const session = new MemorySession();
      const asked = await runner.run(remote, 'call erase {"thing":"Turin"}', { session });
      const [interruption] = asked.interruptions;
      if (!interruption) return expect.unreachable('Nobody was asked.');
      asked.state.approve(interruption);
      const done = await runner.run(remote, asked.state, { session });
      expect(done.finalOutput).toBe('Keep. [Turin is erased]');
      const rung = await runner.run(remote, 'call ring {"times":2}', { session });
      expect(rung.finalOutput).toBe('Keep. [DingDing]');
      const streamed = { session, stream: true } as const;
      const again = await runner.run(remote, 'call erase {"thing":"Parma"}', streamed);
      await again.completed;
      const [second] = again.interruptions;
      if (!second) return expect.unreachable('Nobody was asked again.');
      again.state.reject(second);
      const denied = await runner.run(remote, again.state, streamed);
      await denied.completed;
      expect(denied.finalOutput).toBe('Keep. [Tool execution was not approved.]');
    });

    test('are given on the command line', async () => {
      const cli = (...args: string[]) => inProcessCli(gateway.project.root)('approvals', ...args);
      const asked = await client.responses.create({ model, input: 'call erase {"thing":"Lima"}' });
      const id = asked.output.at(-1)?.id?.replace('mcpr_', 'apr_') ?? '';
      const listed = await cli('list', '--agent', model);
      expect(listed.out).toContain(id);
      expect(listed.out).toMatch(/erase +pending +\{ ?"thing": ?"Lima"\}/);
      const denied = await cli('deny', id, '--reason', 'It is a capital.');
      expect(denied).toMatchObject({ code: 0 });
      expect(denied.out).toContain(`Denied: erase of default/${model}`);
      expect(await cli('approve', id)).toMatchObject({ code: 1 });
      expect(await cli('approve', 'apr_none')).toMatchObject({
        code: 1,
        err: expect.stringContaining('There is no approval apr_none.'),
      });
      const all = JSON.parse((await cli('list', '--status', 'denied', '--json')).out);
      expect(all.approvals[0]).toMatchObject({ id, reason: 'It is a capital.' });
    });

    const tools = [
      {
        type: 'function' as const,
        function: {
          name: 'ring',
          description: 'Rings a bell.',
          parameters: { type: 'object', properties: { times: { type: 'integer' } } },
        },
      },
    ];

    test('need none for tools of the caller, which makes the call', async () => {
      const first = [user('call ring {"times":2}')];
      const { choices } = await client.chat.completions.create({ model, tools, messages: first });
      expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
      const message = choices[0]?.message ?? expect.unreachable('It was not answered.');
      const [call] = message.tool_calls ?? [];
      expect(call).toMatchObject({ type: 'function', function: { name: 'ring' } });
      const result = { role: 'tool', tool_call_id: call?.id ?? '', content: 'Ding' } as const;
      const messages = [...first, message, result];
      const done = await client.chat.completions.create({ model, tools, messages });
      expect(done.choices[0]?.message.content).toBe('Keep. [Ding]');
      // The run that waited is over: the history has it all.
      const again = await client.chat.completions.create({ model, tools, messages });
      expect(again.choices[0]?.message.content).toBe('Keep. [Ding]');
    });

    test('need none for tools of a coding assistant, as opencode sends them', async () => {
      const { tools: own, requests } = opencode;
      const send = async (request: Recorded['requests'][number] | undefined) => {
        if (!request) return expect.unreachable('It is not in the record.');
        const stream = client.chat.completions.stream({ ...request, model, tools: [...own] });
        return (await stream.finalChatCompletion()).choices[0];
      };
      expect(await send(requests[0])).toMatchObject({
        finish_reason: 'tool_calls',
        message: {
          content: 'I look. ',
          tool_calls: [
            {
              id: 'call_read1',
              function: { name: 'read', arguments: '{"filePath":"/project/notes.txt"}' },
            },
          ],
        },
      });
      const done = await send(requests[1]);
      expect(done).toMatchObject({ finish_reason: 'stop' });
      expect(done?.message.content).toContain('1: hello from notes');
      expect(parrot.calls().at(-1)?.tools).toEqual([
        'erase',
        'look',
        ...own.map(({ function: { name } }) => name),
      ]);
    });

    test('need none for tools of the caller in a response, which gets the results', async () => {
      const offered = tools.map((tool) => ({ ...tool.function, type: tool.type, strict: false }));
      const asked = await client.responses.create({
        model,
        tools: offered,
        input: 'call ring {"times":3}',
      });
      const [call] = asked.output;
      if (call?.type !== 'function_call') return expect.unreachable('It calls nothing.');
      const result = {
        type: 'function_call_output',
        call_id: call.call_id,
        output: 'Dong',
      } as const;
      const next = { model, previous_response_id: asked.id, input: [result] };
      const done = await client.responses.create({ ...next, tools: offered });
      expect(done.output_text).toBe('Keep. [Dong]');
      const other = { ...result, call_id: 'call_other' };
      expect(await failureOf(client.responses.create({ ...next, input: [other] }))).toMatchObject({
        status: 400,
        param: 'input',
      });
    });

    test('and results of the caller are wanted at once, and given one after the other or together', async () => {
      const ask = async (messages: readonly Message[]) => {
        const body = { model, tools, messages: [...messages] };
        const { choices } = await client.chat.completions.create(body);
        return choices[0] ?? expect.unreachable('It was not answered.');
      };
      const first = [user('both')];
      const both = await ask(first);
      expect(both.finish_reason).toBe('tool_calls');
      expect(both.message.content).toContain('asks for approval to call `erase`');
      const id = both.message.tool_calls?.[0]?.id ?? '';
      const brought = [
        ...first,
        both.message,
        { role: 'tool', tool_call_id: id, content: 'Ding' } as const,
      ];
      const again = await ask(brought);
      expect(codeIn(again.message.content)).not.toBe(codeIn(both.message.content));
      const approve = user(`approve ${codeIn(again.message.content)}`);
      const done = await ask([...brought, again.message, approve]);
      expect(done.message.content).toBe('Keep. [Cork is erased] [Ding]');
      const offered = tools.map((tool) => ({ ...tool.function, type: tool.type, strict: false }));
      const asked = await client.responses.create({ model, tools: offered, input: 'both' });
      const request = asked.output.find(({ type }) => type === 'mcp_approval_request');
      const input = [
        {
          type: 'mcp_approval_response',
          approval_request_id: request?.id ?? '',
          approve: true,
        } as const,
        { type: 'function_call_output', call_id: 'call_ring', output: 'Dong' } as const,
      ];
      const together = await client.responses.create({ model, tools: offered, input });
      expect(together.output_text).toBe('Keep. [Cork is erased] [Dong]');
    });

    test('are of a session whose client sends all that was said, and no agent reads them later', async () => {
      const headers = { 'x-openwebui-chat-id': `chat-${ending}` };
      const inSession = client.withOptions({ defaultHeaders: headers });
      const messages: Message[] = [];
      const say = async (content: Message | string) => {
        messages.push(typeof content === 'string' ? user(content) : content);
        const body = { model, messages, tools };
        const { choices } = await inSession.chat.completions.create(body);
        const message = choices[0]?.message ?? expect.unreachable('It was not answered.');
        messages.push(message);
        return message;
      };
      const asked = await say('call erase {"thing":"Bath"}');
      expect((await say('approve AAAA-2222')).content).toMatch(/^No call waits for the code/);
      const done = await say(`approve ${codeIn(asked.content)}`);
      expect(done.content).toBe('Keep. [Bath is erased]');
      const [call] = (await say('call ring {"times":1}')).tool_calls ?? [];
      const rung = { role: 'tool', tool_call_id: call?.id ?? '', content: 'Dong' } as const;
      expect((await say(rung)).content).toBe('Keep. [Dong]');
      expect((await say('say Next')).content).toBe('Next');
      const { messages: told, body } = parrot.calls().at(-1) ?? expect.unreachable('Nothing.');
      expect(told.filter((message) => /erase|ring|Keep|Next/.test(message))).toEqual([
        'user: call erase {"thing":"Bath"}',
        'assistant: Keep. [Bath is erased]',
        'user: call ring {"times":1}',
        'assistant: Keep. [Dong]',
        'user: say Next',
      ]);
      const input = body.input as readonly { readonly type?: string }[];
      expect(input.filter(({ type }) => type === 'function_call')).toHaveLength(2);
      expect(input.filter(({ type }) => type === 'function_call_output')).toHaveLength(2);
    });

    test('are no other key’s to give', async () => {
      const stranger = gateway.client({ apiKey: await gateway.createCallerKey() });
      const first = [user('call erase {"thing":"Split"}')];
      const asked = await chat(first);
      const messages = [...first, asked, user(`approve ${codeIn(asked.content)}`)];
      const { choices } = await stranger.chat.completions.create({ model, messages });
      // To its agent it is a message like any other.
      expect(choices[0]?.message.content).toBe('Keep.');
      const elsewhere = await chat([user('Hello'), ...messages.slice(-1)]);
      expect(elsewhere.content).toBe('Keep.');
      expect((await chat(messages)).content).toBe('Keep. [Split is erased]');
    });

    test('wait in a session until they are given, or something else is said', async () => {
      const inSession = client.withOptions({ defaultHeaders: { 'x-session-id': `s-${ending}` } });
      const say = async (content: string) => {
        const body = { model, messages: [user(content)] };
        const { choices } = await inSession.chat.completions.create(body);
        return choices[0]?.message.content ?? '';
      };
      const asked = await say('call erase {"thing":"Pisa"}');
      expect(await say(`approve ${codeIn(asked)}`)).toBe('Keep. [Pisa is erased]');
      expect(await say('say Next')).toBe('Next');
      expect(parrot.calls().at(-1)?.messages).toEqual([
        'user: call erase {"thing":"Pisa"}',
        'assistant: Keep. [Pisa is erased]',
        'user: say Next',
      ]);
      const left = await say('call erase {"thing":"Bari"}');
      expect(await say('say Never mind')).toBe('Never mind');
      expect(await say(`approve ${codeIn(left)}`)).toMatch(/its caller went on without an answer/);
    });
  });
});
