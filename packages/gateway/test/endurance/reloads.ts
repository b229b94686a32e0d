import { expect, onTestFinished } from 'vitest';
import { startGateway } from '../acceptance/harness.ts';
import { until } from '../acceptance/until.ts';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { pythonWithSdk } from '../support/python-with-sdk.ts';
import { lookAtOpen, untilZero } from './at-rest.ts';
import { type Language, testEndurance } from './describe-endurance.ts';
import { createGrowth } from './growth.ts';
import { createMemoryReader } from './held-memory.ts';
import { runReloadStorm } from './reload-storm.ts';
import { versionedSource } from './versioned-agent.ts';

/** How long a save may take on average before a test of many gives up. */
const PATIENCE_PER_SAVE_MS = 20_000;

/** Far more than 1,000 saves take; a generation that is never given up would be more. */
const MOST_GROWN_MB = 48;

const PER_SAVES = 1000;

/** How often memory is read. */
const LOOKS = 20;

/** Very many saves of an agent that is asked all the time. */
export function testReloads(language: Language, saves: number): void {
  testEndurance(
    language,
    `${saves} saves under load lose no answer, mix no versions, and leave nothing behind`,
    {
      timeout: hangTimeoutMs + saves * PATIENCE_PER_SAVE_MS,
      run: () => saveAgain(language, saves),
    },
  );
}

async function saveAgain(language: Language, saves: number): Promise<void> {
  const memory = await createMemoryReader();
  onTestFinished(memory.remove);
  const isPython = language === 'Python';
  const gateway = await startGateway({
    files: {
      // A spare of Python imports the SDK, which this agent does without.
      'gateway.yaml': `worker: { spares: ${isPython ? 0 : 1} }\nruns: { record: steps }\n`,
      ...versionedSource(language, 0),
    },
    env: {
      NODE_OPTIONS: memory.nodeOptions,
      GATEWAY_LOG_LEVEL: 'warn',
      ...(isPython && { GATEWAY_PYTHON: pythonWithSdk() }),
    },
  });
  onTestFinished(gateway.stop);
  const atRest = isPython ? 1 : 2;
  await until('the workers', async () => (await gateway.workers()).length === atRest);
  const before = await lookAtOpen(gateway);
  const growth = createGrowth(memory, [gateway.pid], PER_SAVES);
  await growth.look(0);
  const everySaves = Math.ceil(saves / LOOKS);
  const startedMs = performance.now();
  const tally = await runReloadStorm(gateway, {
    language,
    saves,
    onSaved: (version) => (version % everySaves === 0 ? growth.look(version) : Promise.resolve()),
  });
  const seconds = (performance.now() - startedMs) / 1000;
  expect(tally.wrong).toEqual([]);
  await untilZero(gateway);
  await until('workers of old generations to be gone', async () => {
    const now = await lookAtOpen(gateway);
    return now.workers.length === atRest && now.files <= before.files + 2;
  });
  await growth.look(saves);
  process.stdout.write(
    `${saves} saves in ${seconds.toFixed(0)} s, ${tally.answered} answers, ${tally.outlasted} of them outlasted a save\n${growth.lines().join('\n')}\n`,
  );
  expect(Math.max(...growth.grownMb())).toBeLessThan(MOST_GROWN_MB);
  expect(gateway.logs()).not.toMatch(/fault survived|gateway_failed|worker ended: /);
}
