import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectEchoAnswers } from '../acceptance/call.ts';
import { startGateway, type TestGateway } from '../acceptance/harness.ts';
import { seesProcesses } from '../acceptance/processes.ts';
import { lookAtOpen, type Open, untilClosed, untilZero } from './at-rest.ts';

const MB = 2 ** 20;

/** Largest body that is read, and what it may take in memory as bytes, as text and as JSON. */
const LIMIT_MB = 16;
const COPIES = 6;

/** Bodies of one key that are held at the same time. */
const HELD = 6;

type Sent = {
  readonly what: string;
  readonly key: 'no key' | 'a key';
  readonly sizeMb: number;
  readonly isChunked?: true;
  /** Statuses of which each answer has one; 0 is a connection that was cut. */
  readonly statuses: readonly number[];
  /** What the gateway may take more meanwhile. */
  readonly mostMb: number;
};

const cases: readonly Sent[] = [
  { what: '27 MiB without a key', key: 'no key', sizeMb: 27, statuses: [401], mostMb: 128 },
  { what: '27 MiB', key: 'a key', sizeMb: 27, statuses: [413], mostMb: 128 },
  {
    what: '27 MiB whose length is not told',
    key: 'a key',
    sizeMb: 27,
    isChunked: true,
    statuses: [0, 413, 503],
    mostMb: HELD * LIMIT_MB * 2,
  },
  {
    what: '15 MiB, of which there is room for six',
    key: 'a key',
    sizeMb: 15,
    statuses: [404, 503],
    mostMb: HELD * LIMIT_MB * COPIES,
  },
];

/** So many bodies at once that are larger than may be, or than there is room for. */
export function testLargeBodies(count: number): void {
  describe.runIf(seesProcesses)(`endurance > ${count} bodies at once`, () => {
    let gateway: TestGateway;
    let secret: string;
    let before: Open;

    beforeAll(async () => {
      gateway = await startGateway({
        agents: ['Echo'],
        files: {
          'gateway.yaml': `worker: { spares: 0 }\nserver: { body_limit_mb: ${LIMIT_MB} }\n`,
        },
      });
      secret = await gateway.createCallerKey();
      await expectEchoAnswers(gateway);
      before = await lookAtOpen(gateway);
    });
    afterAll(() => gateway?.stop());

    test.each(cases)('of $what are refused, and take $mostMb MB at most', async (sent) => {
      const beforeMb = resetPeakMb(gateway.pid);
      const statuses = await Promise.all(
        Array.from({ length: count }, () => sendLarge(gateway, sent, secret)),
      );
      const unexpected = statuses.filter((status) => !sent.statuses.includes(status));
      expect(unexpected).toEqual([]);
      expect(peakMb(gateway.pid) - beforeMb).toBeLessThan(sent.mostMb);
      await expectEchoAnswers(gateway);
      await untilZero(gateway);
      await untilClosed(gateway, before);
    });
  });
}

/** The status that a body is answered with, sent piece by piece for as long as nobody has answered; 0 where it was cut. */
async function sendLarge(gateway: TestGateway, sent: Sent, secret: string): Promise<number> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  const over = Promise.withResolvers<void>();
  let answer = '';
  let isOver = false;
  const end = () => {
    isOver = true;
    over.resolve();
  };
  socket.setEncoding('latin1').on('data', (piece: string) => {
    answer += piece;
    if (answer.includes('\r\n\r\n')) end();
  });
  // One that is cut while it sends is reset.
  socket.on('error', () => {}).once('close', end);
  socket.write(headOf(sent, secret));
  for (const piece of piecesOf(sent)) {
    if (isOver) break;
    if (!socket.write(piece)) await Promise.race([drained(socket), over.promise]);
  }
  await over.promise;
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
}

/** Resolves also where it is reset: its end tells. */
async function drained(socket: Socket): Promise<void> {
  await once(socket, 'drain').catch(() => undefined);
}

function headOf({ key, sizeMb, isChunked }: Sent, secret: string): string {
  return [
    'POST /v1/chat/completions HTTP/1.1',
    'host: x',
    'content-type: application/json',
    ...(key === 'a key' ? [`authorization: Bearer ${secret}`] : []),
    isChunked ? 'transfer-encoding: chunked' : `content-length: ${sizeMb * MB}`,
    '\r\n',
  ].join('\r\n');
}

const opening = '{"model":"default/gone","messages":[{"role":"user","content":"';
const ending = '"}]}';
const filling = 'x'.repeat(64 * 1024);

/** A whole request to an agent that there is not. */
function* piecesOf({ sizeMb, isChunked }: Sent): Generator<string> {
  const framed = (text: string) =>
    isChunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text;
  let left = sizeMb * MB - opening.length - ending.length;
  yield framed(opening);
  for (; left > 0; left -= filling.length) yield framed(filling.slice(0, left));
  yield framed(ending);
  if (isChunked) yield '0\r\n\r\n';
}

/** Forgets the most that a process had in memory, and gives what it has now, in MB. */
function resetPeakMb(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return peakMb(pid);
}

function peakMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
