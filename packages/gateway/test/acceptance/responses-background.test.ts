import type OpenAI from 'openai';
import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failureOf } from './ask.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';

let gateway: TestGateway;
let client: OpenAI;
let apiKey: string;

beforeAll(async () => {
  gateway = await startGateway({ agents: ['Echo', 'Slow', 'Thrower'] });
  apiKey = await gateway.createCallerKey();
  client = gateway.client({ apiKey });
});
afterAll(() => gateway?.stop());

const untilStatus = (id: string, status: string) =>
  until(`the response ${status}`, async () => {
    const response = await client.responses.retrieve(id);
    return response.status === status ? response : null;
  });

async function outcomeOf(answer: globalThis.Response): Promise<string | null> {
  const { runs } = (await answer.json()) as { runs: { outcome: string | null }[] };
  return runs[0]?.outcome ?? null;
}

/** Starts one that goes on until it is ended, and reads it up to its first word. */
async function startSlow() {
  const stream = await client.responses.create({
    model: 'slow',
    input: 'Go on',
    background: true,
    stream: true,
  });
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (event.type === 'response.output_text.delta') break;
  }
  const [created] = events;
  if (created?.type !== 'response.created') return expect.unreachable('It begins otherwise.');
  return { id: created.response.id, events };
}

test('answers at once, and the run goes on to its end', async () => {
  const queued = await client.responses.create({ model: 'echo', input: 'Hi', background: true });
  expect(queued).toMatchObject({ status: 'queued', background: true, output: [] });
  const response = await untilStatus(queued.id, 'completed');
  expect(response).toMatchObject({
    background: true,
    output: [{ content: [{ type: 'output_text', text: 'Hi' }] }],
    usage: { total_tokens: expect.any(Number) },
  });
  const next = { model: 'echo', previous_response_id: queued.id, input: 'And?' };
  expect((await client.responses.create(next)).output_text).toBe('And?');
  const streamed = await failureOf(client.responses.retrieve(queued.id, { stream: true }));
  expect(streamed).toMatchObject({ status: 400, param: 'stream' });
});

test('tells a failure in the response', async () => {
  const { id } = await client.responses.create({ model: 'thrower', input: 'Hi', background: true });
  expect(await untilStatus(id, 'failed')).toMatchObject({ error: { code: 'agent_error' } });
});

test('goes on without its reader, is read again from any event, and can be ended', async () => {
  const { id, events } = await startSlow();
  expect(events.slice(0, 3).map(({ type }) => type)).toEqual([
    'response.created',
    'response.queued',
    'response.in_progress',
  ]);
  expect(await client.responses.retrieve(id)).toMatchObject({ status: 'in_progress' });
  const followed = await failureOf(
    client.responses.create({ model: 'slow', input: 'x', previous_response_id: id }),
  );
  expect(followed).toMatchObject({ status: 400, param: 'previous_response_id' });
  const again = await client.responses.retrieve(id, { stream: true, starting_after: 1 });
  const rest: ResponseStreamEvent[] = [];
  const reading = async () => {
    for await (const event of again) rest.push(event);
  };
  const failed = failureOf(reading());
  expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled', error: null });
  expect(await failed).toMatchObject({ code: 'cancelled' });
  expect(rest.slice(0, events.length - 2)).toEqual(events.slice(2));
  expect(rest.map((event) => event.sequence_number)).toEqual(rest.map((_, index) => index + 2));
  // Once it is over, the stream comes from the store.
  const kept = await gateway.fetch(`/v1/responses/${id}?stream=true&starting_after=2`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const text = await kept.text();
  expect(text.split('\n\n')[0]).toMatch(/"sequence_number":3,/);
  expect(text).toMatch(/event: response\.failed\ndata: .*"cancelled".*\n\ndata: \[DONE\]\n\n$/);
  expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled' });
});

test('is no way for a stream to go on that is not in the background', async () => {
  const stream = await client.responses.create({ model: 'slow', input: 'Go on', stream: true });
  let id = '';
  for await (const event of stream) {
    if (event.type === 'response.created') id = event.response.id;
    if (event.type === 'response.output_text.delta') break;
  }
  const response = await until('the kept response', () =>
    client.responses.retrieve(id).catch(() => null),
  );
  expect(response).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
});

test('is ended when it is deleted', async () => {
  const { id } = await startSlow();
  await client.responses.delete(id);
  expect(await failureOf(client.responses.retrieve(id))).toMatchObject({ status: 404 });
});

test('is ended when its conversation is deleted, and nothing of it is left', async () => {
  const conversation = await client.conversations.create();
  const asked = { model: 'slow', input: 'x', background: true, conversation: conversation.id };
  const { id } = await client.responses.create(asked);
  await client.conversations.delete(conversation.id);
  expect(await failureOf(client.responses.retrieve(id))).toMatchObject({ status: 404 });
  expect(await failureOf(client.responses.inputItems.list(id))).toMatchObject({ status: 404 });
  expect(
    await until('the run to end', () => gateway.fetch('/admin/runs?limit=1').then(outcomeOf)),
  ).toBe('cancelled');
});

test('belongs to its key, and has to be kept', async () => {
  const { id } = await startSlow();
  const other = gateway.client();
  for (const attempt of [
    () => other.responses.cancel(id),
    () => other.responses.retrieve(id),
    () => other.responses.retrieve(id, { stream: true }),
    () => other.responses.delete(id),
  ])
    expect(await failureOf(attempt())).toMatchObject({ status: 404 });
  expect(await client.responses.retrieve(id)).toMatchObject({ status: 'in_progress' });
  await client.responses.cancel(id);
  const asked = { model: 'echo', input: 'Hi', background: true, store: false };
  expect(await failureOf(client.responses.create(asked))).toMatchObject({
    status: 400,
    param: 'background',
  });
  const plain = await client.responses.create({ model: 'echo', input: 'Hi' });
  expect(await failureOf(client.responses.cancel(plain.id))).toMatchObject({ status: 400 });
});

test('is one for all requests with one Idempotency-Key, which read its stream', async () => {
  const headers = { 'Idempotency-Key': 'background' };
  const asked = { model: 'slow', input: 'Go on', background: true } as const;
  const first = await client.responses.create(asked, { headers });
  const again = await client.responses.create(asked, { headers }).withResponse();
  expect([again.data, again.response.headers.get('idempotent-replayed')]).toEqual([first, 'true']);
  await client.responses.cancel(first.id);
  const streamed = { ...asked, stream: true } as const;
  const reused = await failureOf(client.responses.create(streamed, { headers }));
  expect(reused).toMatchObject({ status: 409, code: 'idempotency_key_reused' });
  const other = { headers: { 'Idempotency-Key': 'background stream' } };
  const ids: string[] = [];
  for (const _ of [1, 2]) {
    for await (const event of await client.responses.create(streamed, other)) {
      if (event.type === 'response.created') ids.push(event.response.id);
      if (event.type === 'response.output_text.delta') break;
    }
  }
  expect(ids).toEqual([ids[0], ids[0]]);
  await client.responses.cancel(ids[0] ?? '');
});

test('has failed where its gateway was killed', async () => {
  const { id } = await startSlow();
  const cutOff = { messages: [{ role: 'user' as const, content: 'Go on' }], model: 'slow' };
  const once = { headers: { 'Idempotency-Key': 'cut off' } };
  const asking = client.chat.completions.create(cutOff, once).catch(() => null);
  await until('both runs', async () => {
    const { runs } = (await (await gateway.fetch('/admin/runs?limit=2')).json()) as {
      runs: { outcome: string | null }[];
    };
    return runs.every(({ outcome }) => outcome === 'running');
  });
  const { project } = gateway;
  const killed = gateway;
  await gateway.end('SIGKILL');
  gateway = await startGateway({ project });
  client = gateway.client({ apiKey });
  expect(await client.responses.retrieve(id)).toMatchObject({
    status: 'failed',
    error: { code: 'run_lost', message: expect.stringContaining('ended before the run did') },
  });
  await asking;
  // Nobody knows what it did until then, so that it is not run again.
  expect(await failureOf(client.chat.completions.create(cutOff, once))).toMatchObject({
    status: 409,
    code: 'run_outcome_unknown',
  });
  const next = { model: 'slow', previous_response_id: id, input: 'x', background: true } as const;
  const following = await client.responses.create(next);
  await client.responses.cancel(following.id);
  await gateway.stop();
  await killed.stop();
});
