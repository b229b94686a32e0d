import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { expectEchoAnswers } from '../acceptance/call.ts';
import { startGateway, type TestGateway } from '../acceptance/harness.ts';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { lookAtOpen, untilClosed, untilZero } from './at-rest.ts';
import { testEndurance } from './describe-endurance.ts';

/** How long a connection took until it was closed, and what it was told. */
type End = { readonly seconds: number; readonly answer: string };

/** One of them sends so often. */
const PACE_MS = 1000;

const bodyHead = (secret: string) =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"model":"`;

/** What is sent at once, and again and again; and within how many seconds it is over, far above the limit. */
const kinds = [
  { what: 'nothing', begins: () => '', goesOn: '', limitSeconds: 20 },
  {
    what: 'a header a second',
    begins: () => 'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n',
    goesOn: 'x-more: a\r\n',
    limitSeconds: 20,
  },
  { what: 'a byte of a body a second', begins: bodyHead, goesOn: 'a', limitSeconds: 60 },
] as const;

/** So many senders of each kind that never come to an end, at the limits that a gateway has. */
export function testSlowSenders(count: number): void {
  testEndurance(
    'TypeScript',
    `${count} senders each of nothing, of a header and of a byte a second are told 408 and cut off`,
    { timeout: 2 * hangTimeoutMs, run: () => outlast(count) },
  );
}

async function outlast(count: number): Promise<void> {
  const gateway = await startGateway({ agents: ['Echo'] });
  onTestFinished(gateway.stop);
  const secret = await gateway.createCallerKey();
  await expectEchoAnswers(gateway);
  const before = await lookAtOpen(gateway);
  const senders = kinds.map((kind) =>
    Array.from({ length: count }, () => sendSlowly(gateway, secret, kind)),
  );
  const all = Promise.all(senders.flat()).then(() => true);
  // Others are served meanwhile.
  for (let isOver = false; !isOver; ) {
    await expectEchoAnswers(gateway);
    isOver = await Promise.race([all, wait(PACE_MS, false)]);
  }
  for (const [index, { limitSeconds }] of kinds.entries()) {
    for (const { seconds, answer } of await Promise.all(senders[index] ?? [])) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
      expect(seconds).toBeGreaterThan(limitSeconds - 1);
      expect(seconds).toBeLessThan(limitSeconds * 2);
    }
  }
  await untilZero(gateway);
  await untilClosed(gateway, before);
}

function sendSlowly(
  gateway: TestGateway,
  secret: string,
  { begins, goesOn }: (typeof kinds)[number],
): Promise<End> {
  const { hostname, port } = new URL(gateway.url);
  const beganAtMs = performance.now();
  const { promise, resolve } = Promise.withResolvers<End>();
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    answer += piece;
  });
  // What is still sent when it is cut off resets the connection, after the answer.
  socket.on('error', () => {});
  socket.write(begins(secret));
  const pace = setInterval(() => socket.writable && socket.write(goesOn), PACE_MS);
  socket.once('close', () => {
    clearInterval(pace);
    resolve({ seconds: (performance.now() - beganAtMs) / 1000, answer });
  });
  return promise;
}
