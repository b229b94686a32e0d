import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import {
  asCaller,
  type FakeGateway,
  fakeGateway,
  hello,
} from '../../../test/support/http-fakes.ts';
import { chat, sendRaw, serve } from '../../../test/support/http-server.ts';

const often = { interval: 5 };

/** A chat request as it is sent; `more` are further lines of its head. */
function chatRequest(content: string, more = ''): string {
  const body = JSON.stringify({ model: 'default/echo', messages: [{ role: 'user', content }] });
  return (
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: ${asCaller.authorization}\r\n` +
    `content-type: application/json\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`
  );
}

/** A gateway whose runs wait for `go`. */
function heldGateway() {
  const go = Promise.withResolvers<void>();
  const gateway = fakeGateway({
    async *says(signal) {
      await Promise.race([go.promise, once(signal, 'abort')]);
      yield* hello;
    },
  });
  return { gateway, go: go.resolve };
}

/** A message of a caller, as a run gets it. */
function said(content: string) {
  return { role: 'user', parts: [{ type: 'text', text: content }] };
}

/** What was said in each run that began. */
function asked({ inputs }: FakeGateway) {
  return inputs.map(({ items: [item] }) => item);
}

test('requests of one connection begin one after the other, in their order', async () => {
  const { gateway, go } = heldGateway();
  await using server = await serve(gateway);
  const last = chatRequest('third', 'connection: close\r\n');
  const answers = sendRaw(server.url, chatRequest('first') + chatRequest('second') + last);
  await expect.poll(() => gateway.inputs.length, often).toBe(1);
  await (await fetch(`${server.url}/healthz`)).text();
  expect(gateway.inputs).toHaveLength(1);
  go();
  expect((await answers).match(/HTTP\/1\.1 200 /g)).toHaveLength(3);
  expect(asked(gateway)).toEqual(['first', 'second', 'third'].map(said));
});

test('requests that wait behind another never begin once their caller left', async () => {
  const { gateway, go } = heldGateway();
  await using server = await serve(gateway);
  const { hostname, port } = new URL(server.url);
  const leaving = connect(Number(port), hostname);
  leaving.write(chatRequest('first') + chatRequest('second'));
  await expect.poll(() => gateway.inputs.length, often).toBe(1);
  leaving.destroy();
  await gateway.firstCancel;
  go();
  await (await chat(server.url)).text();
  expect(asked(gateway)).toEqual(['first', 'Hi'].map(said));
});

test('no more is read of a connection while many of its requests wait, and all of it afterwards', async () => {
  const { gateway, go } = heldGateway();
  await using server = await serve(gateway);
  const { hostname, port } = new URL(server.url);
  const flood = connect(Number(port), hostname);
  // More than the sockets of both sides hold.
  const long = chatRequest('long', `x-long: ${'x'.repeat(15_000)}\r\n`);
  flood.write(
    chatRequest('first') + long.repeat(2000) + chatRequest('last', 'connection: close\r\n'),
  );
  const answers = text(flood);
  await expect.poll(() => gateway.inputs.length, often).toBe(1);
  for (let asked = 0; asked < 20; asked++) await (await fetch(`${server.url}/healthz`)).text();
  expect(flood.writableLength).toBeGreaterThan(0);
  go();
  expect((await answers).match(/HTTP\/1\.1 200 /g)).toHaveLength(2002);
});
