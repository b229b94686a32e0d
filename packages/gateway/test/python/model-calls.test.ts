import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker } from '../support/python-worker.ts';

const missing = await missingPython();
const KIB = 1024;

/** Carries out the code that it is asked with, as the body of a coroutine on one loop or the other. */
const module = `import asyncio
import subprocess
import sys
import textwrap

import httpx2
import openai
from openai import AsyncOpenAI, OpenAI

ASKED = dict(model="test", messages=[{"role": "user", "content": "Hi"}])
here = globals()


class Runs:
    async def run(self, messages):
        way, _, code = messages[-1]["content"].partition(":")
        exec("async def main():\\n" + textwrap.indent(textwrap.dedent(code), "    "), here)
        if way == "here":
            yield str(await main())
        else:
            yield str(await asyncio.to_thread(asyncio.run, main()))


agent = Runs()
`;

type Seen = {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Resolves when the caller's connection is gone before the answer was complete. */
  readonly left: Promise<void>;
};

type Answer = (response: ServerResponse, call: number) => void;

/** A broker whose answers each test sets. */
async function startBroker() {
  let seen: Seen[] = [];
  let answer: Answer = (response) => response.end();
  const server = createServer(async (request, response) => {
    const left = Promise.withResolvers<void>();
    response.on('close', () => response.writableFinished || left.resolve());
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url: path = '', headers } = request;
    seen.push({ path, headers, body: Buffer.concat(chunks), left: left.promise });
    answer(response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    answers(next: Answer): readonly Seen[] {
      answer = next;
      seen = [];
      return seen;
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const json = (response: ServerResponse, body: object, status = 200, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

const completion = (content: string) => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'test',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
});

const chunkOf = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content } }] })}\n\n`;

/** The error that a call ends in, by its class. */
const failing = (code: string): string =>
  `try:\n${code.replace(/^/gm, '    ')}\nexcept Exception as error:\n    return type(error).__name__, getattr(error, "status_code", None), getattr(error, "code", None)`;

describe.skipIf(missing)(`model calls of a Python worker (${missing ?? 'run'})`, () => {
  let broker: Awaited<ReturnType<typeof startBroker>>;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker?.stop());

  /** A worker of one test, and what comes of code that it carries out. */
  const startRuns = async (way: string) => {
    const { worker } = await loadedWorker({ 'agent.py': module }, broker.baseUrl);
    const does = async (code: string): Promise<string> => {
      const [event] = await worker.eventsOf(`${way}:${code}`);
      return event?.type === 'text' ? event.delta : JSON.stringify(event);
    };
    return { worker, does, sent: () => worker.modelMessages.map(({ type }) => type) };
  };

  describe.each([
    { name: 'over the channel', way: 'here' },
    { name: 'over loopback, from a loop of another thread', way: 'elsewhere' },
  ])('$name', ({ way }) => {
    const isOverChannel = way === 'here';

    test('are answered, refused, sent again and broken off as clients know it', async () => {
      const { does, sent } = await startRuns(way);

      let seen = broker.answers((response) => json(response, completion('Hello')));
      const whole =
        'return (await AsyncOpenAI(api_key="own").chat.completions.create(**ASKED)).choices[0].message.content';
      expect(await does(whole)).toBe('Hello');
      const { authorization } = seen[0]!.headers;
      expect(authorization).toBe(isOverChannel ? undefined : 'Bearer worker-token');
      expect(seen[0]).toMatchObject({
        path: '/v1/chat/completions',
        headers: { 'x-dropgate-run': 'run_1', 'content-type': 'application/json' },
      });

      broker.answers(async (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const byte of Buffer.from(`${chunkOf('é€😀')}data: [DONE]\n\n`)) {
          response.write(Uint8Array.of(byte));
          await new Promise(setImmediate);
        }
        response.end();
      });
      const streamed = `stream = await AsyncOpenAI().chat.completions.create(**ASKED, stream=True)
return [part.choices[0].delta.content async for part in stream]`;
      expect(await does(streamed)).toBe("['é€😀']");

      const tooLong = { message: 'Too long', code: 'context_length_exceeded' };
      broker.answers((response) => json(response, { error: tooLong }, 400));
      expect(await does(failing(whole))).toBe(
        "('BadRequestError', 400, 'context_length_exceeded')",
      );
      seen = broker.answers((response) =>
        json(response, { error: {} }, 429, { 'x-should-retry': 'false' }),
      );
      expect(await does(failing(whole))).toBe("('RateLimitError', 429, None)");
      expect(seen).toHaveLength(1);
      seen = broker.answers((response, call) =>
        json(response, completion('Third'), call < 3 ? 503 : 200, { 'retry-after-ms': '1' }),
      );
      expect(await does(whole)).toBe('Third');
      expect(seen).toHaveLength(3);

      // What broke off may have been paid for: it is not asked for again.
      seen = broker.answers((response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":');
        setImmediate(() => response.destroy());
      });
      expect(await does(failing(whole))).toBe("('InternalServerError', 502, None)");
      expect(seen).toHaveLength(1);
      broker.answers((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunkOf('one'));
        setImmediate(() => response.destroy());
      });
      expect(await does(failing(streamed))).toBe("('APIConnectionError', None, None)");

      expect(sent()).toEqual(isOverChannel ? Array(9).fill('model_call') : []);
    });

    test('are given up by a reader that leaves, a limit of time and the end of their run', async () => {
      const { worker, does } = await startRuns(way);
      let seen = broker.answers((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunkOf('one'));
      });
      const leaves = `async with await AsyncOpenAI().chat.completions.create(**ASKED, stream=True) as stream:
    async for part in stream:
        return part.choices[0].delta.content`;
      expect(await does(leaves)).toBe('one');
      await seen[0]!.left;

      // On a busy machine a short limit is over before the call arrives.
      for (const seconds of [0.02, 0.5, 10, 60]) {
        seen = broker.answers(() => undefined);
        const late = `return await AsyncOpenAI(timeout=${seconds}, max_retries=0).chat.completions.create(**ASKED)`;
        expect(await does(failing(late))).toBe("('APITimeoutError', None, None)");
        if (seen[0]) break;
      }
      await seen[0]!.left;
      // A thread that waits cannot be ended.
      if (!isOverChannel) return;

      const asked = Promise.withResolvers<void>();
      seen = broker.answers(() => asked.resolve());
      const ended = worker.eventsOf(
        `here:return await AsyncOpenAI().chat.completions.create(**ASKED)`,
      );
      await asked.promise;
      worker.send({ type: 'cancel', runId: 'run_1', reason: 'The caller left.' });
      await ended;
      await seen[0]!.left;
      const types = worker.modelMessages.map(({ type }) => type);
      const pairs = Math.max(3, types.length / 2);
      expect(types).toEqual(Array(pairs).fill(['model_call', 'model_abort']).flat());
    });
  });

  test('tell over the channel what was read, and share it between runs', async () => {
    const { worker, sent } = await startRuns('here');
    broker.answers((response) => response.end(Buffer.alloc(300 * KIB, 'a')));
    const code =
      'here:return len((await AsyncOpenAI().files.content("f")).content), ASKED["model"]';
    worker.run(code, { runId: 'run_1' });
    worker.run(code, { runId: 'run_2' });
    const texts: unknown[] = [];
    while (texts.length < 2) {
      const { event } = await worker.next('event');
      if (event.type === 'text') texts.push(event.delta);
    }
    expect(texts).toEqual(Array(2).fill(`(${300 * KIB}, 'test')`));
    const runs = worker.modelMessages.flatMap((one) => ('runId' in one ? [one.runId] : []));
    expect(runs.toSorted()).toEqual(['run_1', 'run_2']);
    expect(sent()).toContain('model_ack');
  });

  test('send what the client would, and give what it would, in a shorter way', async () => {
    const { does } = await startRuns('here');
    const seen = broker.answers((response) => json(response, { id: 'r', output: [] }));
    expect(
      await does(`from openai import NOT_GIVEN
from openai._utils import _transform
from openai.types.shared import Reasoning
client = AsyncOpenAI()
await client.responses.create(
    model="test",
    input=[{"role": "user", "content": [{"type": "input_text", "text": "Hi", "more": NOT_GIVEN}]}],
    reasoning=Reasoning(effort="low"),
    include=("reasoning.encrypted_content",),
    temperature=NOT_GIVEN,
    tools=[{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
)
await client.responses.create(model="test", input=[{"role": "user", "content": "Hi"}], text={"verbosity": NOT_GIVEN})
return _transform.async_transform.__wrapped__.__name__`),
    ).toBe('async_transform');
    expect(seen.map(({ body }) => JSON.parse(body.toString()))).toEqual([
      {
        model: 'test',
        input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
        reasoning: { effort: 'low' },
        include: ['reasoning.encrypted_content'],
        tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: true }],
      },
      { model: 'test', input: [{ role: 'user', content: 'Hi' }], text: {} },
    ]);
    expect(
      await does(`from typing import Annotated, TypedDict
from openai._utils import PropertyInfo, async_maybe_transform
class Inner(TypedDict):
    card_id: Annotated[str, PropertyInfo(alias="cardID")]
class Params(TypedDict):
    inner: list[Inner]
return await async_maybe_transform({"inner": [{"card_id": "1"}]}, Params)`),
    ).toBe("{'inner': [{'cardID': '1'}]}");

    const where = { item_id: 'm', output_index: 0, content_index: 0, sequence_number: 1 };
    const delta = { type: 'response.output_text.delta', ...where, delta: 'a', logprobs: [] };
    const content = [{ type: 'output_text', text: 'ab', annotations: [] }];
    const message = { id: 'm', type: 'message', role: 'assistant', status: 'completed', content };
    const item = { type: 'response.output_item.done', output_index: 0, sequence_number: 2 };
    const events = [
      { ...delta, added_later: 1 },
      { ...delta, logprobs: undefined },
      { ...delta, sequence_number: 'two' },
      { ...item, item: message },
      { ...item, item: { type: 'unheard_of', id: 'x' } },
      { type: 'response.unheard_of', text: 'b' },
      { type: ['response.output_text.delta'] },
      { type: 'response.completed', sequence_number: 3, response: { id: 'r', output: [message] } },
    ];
    broker.answers((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end('data: [DONE]\n\n');
    });
    const read = `stream = await AsyncOpenAI().responses.create(model="test", input="Hi", stream=True)
read = [event async for event in stream]
return json.dumps([[type(one).__name__, one.model_dump(mode="json", exclude_unset=True, warnings=False)] for one in read])`;
    const quick = await does(`import json\n${read}`);
    const slow = await does(`import json
from openai import _base_client, _models
from unittest import mock
slow = _models.construct_type.__wrapped__
with (
    mock.patch.object(_models, "validate_type", _models.validate_type.__wrapped__),
    mock.patch.object(_models, "construct_type", slow),
    mock.patch.object(_base_client, "construct_type", slow),
):
${read.replace(/^/gm, '    ')}`);
    expect(JSON.parse(quick)).toEqual(JSON.parse(slow));
    expect(JSON.parse(quick).map(([name]: [string]) => name)).toEqual([
      'ResponseTextDeltaEvent',
      'ResponseTextDeltaEvent',
      'ResponseTextDeltaEvent',
      'ResponseOutputItemDoneEvent',
      'ResponseOutputItemDoneEvent',
      'ResponseAudioDeltaEvent',
      'ResponseAudioDeltaEvent',
      'ResponseCompletedEvent',
    ]);
  });

  test('take loopback where the channel cannot have them, and other servers are left alone', async () => {
    const { worker, does } = await startRuns('here');
    const seen = broker.answers((response) => json(response, completion('Hello')));
    const content = '.choices[0].message.content';
    const ways = [
      `return OpenAI().chat.completions.create(**ASKED)${content}`,
      `return (await asyncio.to_thread(OpenAI().chat.completions.create, **ASKED))${content}`,
      `return (await AsyncOpenAI().chat.completions.create(**ASKED, user="x" * (8 << 20)))${content}`,
      'return (await AsyncOpenAI().files.create(file=("a.txt", b"hello"), purpose="assistants")).model_dump()["id"]',
    ];
    for (const way of ways) expect(await does(way)).toMatch(/^(?:Hello|c)$/);
    expect(seen.map(({ headers }) => headers['x-dropgate-run'])).toEqual(Array(4).fill('run_1'));
    expect(seen.at(-1)?.body.toString()).toContain('hello');
    expect(worker.modelMessages).toEqual([]);

    const own = `transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"id": "own"}))
client = AsyncOpenAI(http_client=httpx2.AsyncClient(transport=transport))
return (await client.files.retrieve("f")).id`;
    expect(await does(own)).toBe('own');
    const child = `code = "import os, urllib.request; print(urllib.request.urlopen(urllib.request.Request(os.environ['OPENAI_BASE_URL'] + '/models', headers={'authorization': 'Bearer ' + os.environ['OPENAI_API_KEY']})).status)"
child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
return (await child.communicate())[0].decode().strip()`;
    expect(await does(child)).toBe('200');
    expect(seen.at(-1)?.headers.authorization).toBe('Bearer worker-token');
    expect(worker.modelMessages).toEqual([]);
  });
});
