import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { failureHeader, runHeader } from '../../src/protocol/worker/broker-headers.ts';
import { type ChannelFailure, createChannel } from '../../src/protocol/worker/channel.ts';
import { parseFromWorker } from '../../src/protocol/worker/from-worker.ts';
import { protocolVersion, reservedMessageTypes } from '../../src/protocol/worker/messages.ts';

type Vectors = {
  readonly version: number;
  readonly lines: readonly {
    readonly name: string;
    readonly chunks: readonly string[];
    readonly messages: readonly object[];
    readonly raw?: readonly (string | null)[];
    readonly failure?: ChannelFailure['type'];
  }[];
  readonly from_worker: readonly {
    readonly name: string;
    readonly verdict: 'accepted' | 'reserved' | 'refused';
    readonly message: { readonly type: string };
  }[];
};

const vectors: Vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, 'worker-protocol.json'), 'utf8'),
);

test('the vectors are those of this version', () => {
  expect(vectors.version).toBe(protocolVersion);
});

test.each(vectors.lines)('reads lines: $name', async ({ chunks, messages, raw, failure }) => {
  const [peer, stream] = duplexPair();
  const received: object[] = [];
  const bodies: (string | null)[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<ChannelFailure | null>();
  createChannel<{ type: string }, never>(stream, {
    maxIncomingLineBytes: 64,
    onMessage(message, bytes) {
      received.push(message);
      bodies.push(bytes?.toString('latin1') ?? null);
    },
    onClose: resolve,
  });
  for (const chunk of chunks) peer.write(Buffer.from(chunk, 'latin1'));
  peer.end();
  expect((await closed)?.type).toBe(failure);
  expect(received).toEqual(messages);
  expect(bodies).toEqual(raw ?? messages.map(() => null));
});

test.each(vectors.from_worker)('takes from a worker: $name', ({ message, verdict }) => {
  const parsed = parseFromWorker(message);
  const expected = { accepted: message, reserved: 'reserved', refused: null };
  expect(parsed).toEqual(expected[verdict]);
});

test('the Python worker knows the headers of the broker by the same names', async () => {
  const folder = join(import.meta.dirname, '../../python/dropgate_worker');
  const names = new Set<string>();
  for await (const file of glob('**/*.py', { cwd: folder })) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [name] of text.matchAll(/x-dropgate-[a-z-]+/g)) names.add(name);
  }
  expect([...names].toSorted()).toEqual([failureHeader, runHeader]);
});

test('every type kept for later is passed over', () => {
  const parsed = reservedMessageTypes.map((type) => parseFromWorker({ type }));
  expect(new Set(parsed)).toEqual(new Set(['reserved']));
});
