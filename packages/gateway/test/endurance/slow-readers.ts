import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { call, expectEchoAnswers } from '../acceptance/call.ts';
import { startGateway, type TestGateway } from '../acceptance/harness.ts';
import { until } from '../acceptance/until.ts';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { pythonWithSdk } from '../support/python-with-sdk.ts';
import { lookAtOpen, untilClosed, untilZero } from './at-rest.ts';
import { type Language, testEndurance } from './describe-endurance.ts';
import { startStuckReader } from './stuck-reader.ts';

/** Says more than any buffer holds, or a short text where it is asked for one. */
const inTypeScript = `export const agent = {
  async *run({ messages, signal }) {
    const isShort = messages.at(-1).content === 'short';
    for (let part = 0; !signal.aborted && (!isShort || part < 50); part += 1) {
      yield isShort ? 'word ' : 'x'.repeat(1 << 16);
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
};
`;

const inPython = `import asyncio


class Floods:
    async def run(self, messages):
        is_short = messages[-1]["content"] == "short"
        part = 0
        while not is_short or part < 50:
            yield "word " if is_short else "x" * (1 << 16)
            part += 1
            await asyncio.sleep(0)


agent = Floods()
`;

const sources = {
  TypeScript: { 'src/agents/Floods/agent.ts': inTypeScript },
  Python: { 'src/agents/Floods/agent.py': inPython },
} as const satisfies Record<Language, object>;

const MB = 2 ** 20;

/** What may wait for one reader, in MB: with what the system buffers on the way beside it. */
const MOST_PENDING_MB = 2;

/** So many callers of one agent that do not read. */
export function testSlowReaders(language: Language, readers: number): void {
  testEndurance(
    language,
    `${readers} callers that do not read hold ${MOST_PENDING_MB} MB each at most, and up nobody else`,
    { run: () => holdUp(language, readers) },
  );
}

/** How long a reader may take nothing at all before it counts as gone. */
const PATIENCE_SECONDS = 300;

/** A caller that never reads again. */
export function testReaderThatIsGone(): void {
  testEndurance(
    'TypeScript',
    `a caller that reads nothing for ${PATIENCE_SECONDS} s is cut off, and its run is ended`,
    { timeout: 2 * PATIENCE_SECONDS * 1000 + hangTimeoutMs, run: waitForCut },
  );
}

async function waitForCut(): Promise<void> {
  const gateway = await startGateway({ files: sources.TypeScript });
  onTestFinished(gateway.stop);
  const before = await lookAtOpen(gateway);
  const { leave } = await startStuckReader(gateway, gateway.key, 'default/floods');
  onTestFinished(leave);
  const beganAtMs = performance.now();
  while ((await gaugeOf(gateway, 'runs_active')) > 0) await wait(1000);
  const seconds = (performance.now() - beganAtMs) / 1000;
  expect(seconds).toBeGreaterThan(PATIENCE_SECONDS - 5);
  expect(seconds).toBeLessThan(PATIENCE_SECONDS * 1.5);
  await untilZero(gateway);
  await untilClosed(gateway, before);
  expect(gateway.logs()).toContain('run cancelled');
}

async function holdUp(language: Language, count: number): Promise<void> {
  const gateway = await startGateway({
    agents: ['Echo'],
    files: sources[language],
    ...(language === 'Python' && { env: { GATEWAY_PYTHON: pythonWithSdk() } }),
  });
  onTestFinished(gateway.stop);
  const secret = await gateway.createCallerKey();
  await expectBothAnswer(gateway, secret);
  const before = await lookAtOpen(gateway);

  const readers = await Promise.all(
    Array.from({ length: count }, () => startStuckReader(gateway, secret, 'default/floods')),
  );
  const held = await untilFull(gateway);
  expect(held / MB).toBeLessThan(count * MOST_PENDING_MB);
  await expectBothAnswer(gateway, secret);
  expect(await gaugeOf(gateway, 'runs_active')).toBe(count);

  for (const { leave } of readers) leave();
  await untilZero(gateway);
  await untilClosed(gateway, before);
  await expectBothAnswer(gateway, secret);
}

/** Others, and those of the same agent that read. */
async function expectBothAnswer(gateway: TestGateway, secret: string): Promise<void> {
  await expectEchoAnswers(gateway);
  const question = { model: 'default/floods', content: 'short', stream: true };
  expect(await call(gateway, secret, question)).toMatchObject({
    status: 200,
    content: 'word '.repeat(50),
    error: null,
  });
}

/** What waits once it grows no more. */
function untilFull(gateway: TestGateway): Promise<number> {
  let last = 0;
  return until('what waits to grow no more', async () => {
    const now = await gaugeOf(gateway, 'unread_bytes');
    const isFull = now > 0 && now === last;
    last = now;
    return isFull ? now : null;
  });
}

async function gaugeOf(gateway: TestGateway, name: string): Promise<number> {
  const text = await (await gateway.fetch('/metrics')).text();
  return Number(new RegExp(`^dropgate_${name} ([\\d.e+]+)$`, 'm').exec(text)?.[1]);
}
