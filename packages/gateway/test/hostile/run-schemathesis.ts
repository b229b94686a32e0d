import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestGateway } from '../acceptance/harness.ts';
import { fetchedFolder, fetchOnce, runFetching } from '../support/fetch-once.ts';
import { fetchPythonTool } from '../support/python-tools.ts';
import { missingPython } from '../support/python-with-sdk.ts';

const folder = join(import.meta.dirname, 'schemathesis');
const requirements = join(folder, 'requirements.txt');
const version = /^schemathesis==([\d.]+)/m.exec(readFileSync(requirements, 'utf8'))?.[1] ?? '';
const environment = join(fetchedFolder, `schemathesis-${version}`);

/** Fetches schemathesis, where that is not there yet. @returns Why it cannot run here; null where it can. */
export async function missingSchemathesis(): Promise<string | null> {
  const missing = await missingPython();
  if (missing !== null) return missing;
  try {
    await fetchOnce(environment, async (staging) => {
      const uv = await fetchPythonTool('uv');
      await runFetching(uv, ['venv', '--quiet', staging], { env: process.env });
      const python = ['--python', join(staging, 'bin/python')];
      const pinned = ['--require-hashes', '--requirement', requirements];
      const env = process.env;
      await runFetching(uv, ['pip', 'install', '--quiet', ...python, ...pinned], { env });
    });
    return null;
  } catch (thrown) {
    return `schemathesis ${version} could not be installed: ${firstLine(thrown)}`;
  }
}

/** What one run is about. */
export type SchemathesisRun = {
  readonly gateway: TestGateway;
  /** Of the folder beside. */
  readonly config: 'schemathesis.toml' | 'callers.toml';
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** Runs it against a gateway. @returns What it found, as it tells it; empty for nothing. */
export async function runSchemathesis({
  gateway,
  config,
  args,
  env,
}: SchemathesisRun): Promise<string> {
  const description = await (await gateway.fetch('/openapi.json')).text();
  await gateway.project.write({ 'openapi.json': description });
  const about = [join(gateway.project.root, 'openapi.json'), '--url', gateway.url];
  // By its interpreter: the programs beside it name the folder in which they were made.
  const module = ['-m', 'schemathesis.cli', '--config-file', config, 'run', ...about];
  const always = ['--generation-database', 'none', '--no-color', '--warnings', 'off'];
  try {
    await promisify(execFile)(join(environment, 'bin/python'), [...module, ...always, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', ...env },
      maxBuffer: Number.POSITIVE_INFINITY,
    });
    return '';
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout: string; stderr: string };
    return stdout + stderr || message;
  }
}

function firstLine(thrown: unknown): string {
  return String(thrown).split('\n', 1)[0] ?? '';
}
