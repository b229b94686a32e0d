import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonSdkVersion } from '../../src/dependencies/python/environments.ts';
import { fetchedFolder, fetchOnce, runFetching } from './fetch-once.ts';
import { fetchPythonTool, patientPip } from './python-tools.ts';

const run = promisify(execFile);

/** The version of the SDK that the Python worker is tested with. */
const testedSdk = `openai-agents==${pythonSdkVersion}`;

const folder = join(fetchedFolder, `python-${testedSdk.replaceAll(/[^a-z0-9.]+/g, '-')}`);

/** Path of a Python that has the SDK. */
export function pythonWithSdk(): string {
  const python = join(folder, 'bin/python');
  if (!existsSync(python)) throw new Error(`${testedSdk} could not be fetched.`);
  return python;
}

/** Makes its environment, unless it is there, or no agent in Python can run on this machine. */
export async function fetchPythonWithSdk(): Promise<void> {
  if (await missingPython()) return;
  await fetchOnce(folder, async (staging) => {
    const uv = await fetchPythonTool('uv');
    await runFetching(uv, ['venv', '--quiet', staging], { env: process.env });
    await installSdk(uv, join(staging, 'bin/python'));
  });
  // Workers write no bytecode: each would compile the gateway's own files anew, as it does where this may not write.
  const own = join(import.meta.dirname, '../../python');
  await run(pythonWithSdk(), ['-m', 'compileall', '-q', own]).catch(() => undefined);
}

/** With uv, which takes a tenth of pip's time; pip where only its settings say where the registry is. */
async function installSdk(uv: string, python: string): Promise<void> {
  const env = process.env;
  const compiled = ['--compile-bytecode', '--python', python];
  try {
    await runFetching(uv, ['pip', 'install', '--quiet', ...compiled, testedSdk], { env });
  } catch {
    const pip = ['-m', 'pip', '--python', python, 'install', '--quiet', ...patientPip, testedSdk];
    await runFetching(await fetchPythonTool('python'), pip, { env });
  }
}

/** Why tests that need Python cannot run here; null where they can. */
export async function missingPython(): Promise<string | null> {
  const version = await systemPython();
  if (!version) return 'there is no python3 on this machine';
  const [major, minor] = version;
  return major > 3 || (major === 3 && minor >= 10)
    ? null
    : `python3 is ${major}.${minor}, below 3.10`;
}

let known: Promise<readonly [major: number, minor: number] | null> | undefined;

/** Version of `python3` on this machine as a pair; null where there is none. Asked once: a version manager takes its time. */
function systemPython(): Promise<readonly [major: number, minor: number] | null> {
  known ??= run('python3', ['-c', 'import sys; print(*sys.version_info[:2])']).then(
    ({ stdout }) => {
      const [major = 0, minor = 0] = stdout.trim().split(' ').map(Number);
      return [major, minor];
    },
    () => null,
  );
  return known;
}
