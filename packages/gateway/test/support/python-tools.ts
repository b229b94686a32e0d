import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchedFolder, fetchOnce, runFetching } from './fetch-once.ts';

const list = join(import.meta.dirname, '../../../../scripts/python-tools.txt');

/**
 * Path of a program of our environment of tools: `python` (with pip), `uv` or `ruff`. On first use they come from
 * PyPI, exactly the files that `python-tools.txt` names.
 */
export async function fetchPythonTool(name: 'python' | 'uv' | 'ruff'): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(list))
    .digest('hex');
  const folder = join(fetchedFolder, `python-tools-${hash.slice(0, 12)}`);
  await fetchOnce(folder, async (staging) => {
    await runFetching('python3', ['-m', 'venv', staging], { env: process.env });
    const pinned = ['--require-hashes', '--only-binary', ':all:', '--requirement', list];
    const pip = ['-m', 'pip', 'install', '--quiet', ...patientPip, ...pinned];
    await runFetching(join(staging, 'bin/python'), pip, { env: process.env });
  });
  return join(folder, 'bin', name);
}

/** For a registry that is slow. */
export const patientPip = ['--retries', '10', '--timeout', '60', '--disable-pip-version-check'];
