// Pages whose subject other tests prove too, and clients whose packages come from registries: a minute for what an edit of these pages alone can break.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchedFolder, fetchOnce, registrySettings, runFetching } from '../support/fetch-once.ts';
import { fetchPythonTool } from '../support/python-tools.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { type Reader, startReader } from './followed-pages.ts';
import { nightlyPages, pagesWithNightlyBlocks } from './use-of-blocks.ts';

const missing = await missingPython();
const packages = join(fetchedFolder, 'clients-of-guides');
const ofNpm = ['ai', '@ai-sdk/openai-compatible', '@langchain/openai', '@langchain/core'];
const ofPython = ['openai', 'langchain-openai', 'pydantic-ai-slim[openai]', 'litellm'];

let reader: Reader;

beforeAll(async () => {
  if (missing) return;
  await fetchOnce(packages, async (staging) => {
    await mkdir(staging);
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
    await runFetching('npm', ['install', '--prefix', staging, ...quiet, ...ofNpm], {
      cwd: staging,
      env: registrySettings(),
    });
    const uv = await fetchPythonTool('uv');
    await runFetching(uv, ['venv', '--quiet', '--relocatable', join(staging, 'python')], {
      env: process.env,
    });
    const into = ['--python', join(staging, 'python/bin/python')];
    await runFetching(uv, ['pip', 'install', '--quiet', ...into, ...ofPython], {
      env: process.env,
    });
  });
  reader = await startReader({ packages, python: join(packages, 'python/bin/python') });
});
afterAll(() => reader?.stop());

describe.skipIf(missing)('a page works when it is followed, with its blocks for the night', () => {
  test.each([...nightlyPages, ...pagesWithNightlyBlocks])('%s', async (page) => {
    expect(await reader.follow(page)).toEqual([]);
  });
});
