// Fuzzes what of the Python worker reads the bytes of others, guided by the code that they reach.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { fetchedFolder, fetchOnce, runFetching } from '../support/fetch-once.ts';
import { pythonFolder } from '../support/python-start.ts';
import { fetchPythonTool } from '../support/python-tools.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Another one draws other inputs. */
const seed = Number(process.env.FUZZ_SEED ?? 1);

/** Of each target. */
const runs = Number(process.env.FUZZ_RUNS ?? 100_000);

const folder = join(import.meta.dirname, 'python');
const requirements = join(folder, 'requirements.txt');
const version = /^atheris==([\d.]+)/m.exec(readFileSync(requirements, 'utf8'))?.[1] ?? '';
const packages = join(fetchedFolder, `atheris-${version}`);

const missing = (await missingPython()) ?? (await missingAtheris());

describe.skipIf(missing)(`the Python worker under atheris (${missing ?? 'run'})`, () => {
  test.each(['frames', 'settings', 'source', 'texts'])(
    `nothing that is read as %s ends it or makes it hang (${runs} inputs, FUZZ_SEED=${seed})`,
    { timeout: 600_000 + runs * 50 },
    async (target) => {
      const cwd = await tempFolder();
      const env = {
        PATH: process.env.PATH,
        PYTHONPATH: [packages, pythonFolder].join(':'),
        PYTHONDONTWRITEBYTECODE: '1',
        // What it draws for sets and dicts repeats with the seed.
        PYTHONHASHSEED: '0',
      };
      const args = [join(folder, 'fuzz.py'), target, String(runs), String(seed)];
      const ended = await promisify(execFile)(
        pythonWithSdk(),
        [...args, join(folder, 'corpus', target)],
        { cwd, env, maxBuffer: Number.POSITIVE_INFINITY },
      );
      expect(ended.stderr).toContain(`stat::number_of_executed_units: ${runs}`);
    },
  );
});

/** Fetches atheris, where that is not there yet. @returns Why it cannot run here; null where it can. */
async function missingAtheris(): Promise<string | null> {
  try {
    await fetchOnce(packages, async (staging) => {
      const uv = await fetchPythonTool('uv');
      const into = ['--python', pythonWithSdk(), '--target', staging];
      const pinned = ['--require-hashes', '--only-binary', ':all:', '--requirement', requirements];
      const env = process.env;
      await runFetching(uv, ['pip', 'install', '--quiet', ...into, ...pinned], { env });
    });
    return null;
  } catch (thrown) {
    return `atheris ${version} could not be installed: ${String(thrown).split('\n', 1)[0]}`;
  }
}
