// Clients whose packages come from registries: half a minute for what a change of the wire alone can break.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchedFolder, fetchOnce, registrySettings, runFetching } from '../support/fetch-once.ts';
import { patienceMs } from '../support/hang-limit.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { clientPrograms } from './approval-clients.ts';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';

const missing = await missingPython();
const packages = join(fetchedFolder, 'clients-with-approvals');
const ofNpm = ['ai', '@ai-sdk/openai', '@langchain/openai', '@langchain/core', 'zod'];
const source = (ending: string) =>
  readFileSync(join(packageRoot, `test/fixtures/both/vault.${ending}`), 'utf8');

/** A tool of its own, a call that was approved, one that was denied. */
const once = ['Keep. [Ding]', 'Keep. [Rome is erased]', 'Keep. [Tool execution was not approved.]'];

describe.skipIf(missing)(`approvals, over clients (${missing ?? 'run'})`, () => {
  let parrot: Parrot;
  let gateway: TestGateway;
  let key: string;

  beforeAll(async () => {
    await fetchOnce(packages, async (staging) => {
      await mkdir(staging);
      const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
      await runFetching('npm', ['install', '--prefix', staging, ...quiet, ...ofNpm], {
        cwd: staging,
        env: registrySettings(),
      });
    });
    parrot = await startParrot();
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
    key = await gateway.createCallerKey();
  });
  afterAll(async () => {
    await gateway?.stop();
    parrot?.stop();
  });

  const run = async (model: string, program: string, ...args: string[]) => {
    const env = { PATH: process.env.PATH, BASE: `${gateway.url}/v1`, KEY: key, MODEL: model };
    const options = { cwd: packages, env, timeout: patienceMs };
    return JSON.parse((await promisify(execFile)(program, args, options)).stdout) as unknown;
  };
  const node = ['--input-type=module', '-e'] as const;

  describe.each(['vaultts', 'vaultpy'])('of %s', (model) => {
    test('openai of Python, over both formats', async () => {
      const told = await run(model, pythonWithSdk(), '-c', clientPrograms.openaiPython);
      expect(told).toEqual([...once, ...once, ...once, ...once]);
    });

    test('the provider of the AI SDK', async () => {
      const told = await run(model, process.execPath, ...node, clientPrograms.aiSdk);
      expect(told).toEqual([...once, ...once]);
    });

    test('LangChain', async () => {
      const told = await run(model, process.execPath, ...node, clientPrograms.langchain);
      expect(told).toEqual([...once, ...once]);
    });
  });
});
