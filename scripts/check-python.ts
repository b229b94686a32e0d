// Lint, format and types of the gateway's Python. `--write` formats it and repairs what the linter can, no more.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fetchPythonTool } from '../packages/gateway/test/support/python-tools.ts';
import {
  fetchPythonWithSdk,
  missingPython,
  pythonWithSdk,
} from '../packages/gateway/test/support/python-with-sdk.ts';
import { workspaceRoot } from './source-files.ts';

type Failed = { readonly stdout: string; readonly stderr: string; readonly message: string };

const run = promisify(execFile);

/** Whoever ends us ends what we run. */
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const missing = await missingPython();
if (missing !== null) console.log(`skipped: ${missing}`);
else if (process.argv.includes('--write')) await format();
else await check();

async function format(): Promise<void> {
  const ruff = await fetchPythonTool('ruff');
  await passes([ruff, 'check', '--fix', '--quiet']);
  await passes([ruff, 'format', '--quiet']);
}

async function check(): Promise<void> {
  const ruff = await fetchPythonTool('ruff');
  await passes([ruff, 'check', '--quiet']);
  await passes([ruff, 'format', '--check', '--quiet']);
  // What the worker says of the SDK is held against the SDK itself.
  await fetchPythonWithSdk();
  const settings = ['--project', 'pyproject.toml', '--pythonpath', pythonWithSdk()];
  await passes(['pyright', '--warnings', ...settings]);
}

/** Tells what a command found, and that there is something; goes on, so that one run tells all. */
async function passes([program = '', ...args]: readonly string[]): Promise<void> {
  try {
    await run(program, args, {
      cwd: workspaceRoot,
      maxBuffer: Number.POSITIVE_INFINITY,
      signal: stop.signal,
    });
  } catch (error) {
    const { stdout, stderr, message } = error as Failed;
    // One that could not be started has printed nothing.
    process.stdout.write(stdout + stderr || `${message}. \`npm ci\` installs what is missing.\n`);
    process.exitCode = 1;
  }
}
