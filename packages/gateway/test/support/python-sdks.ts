import { join } from 'node:path';
import { fetchedFolder, fetchOnce, runFetching } from './fetch-once.ts';
import { fetchPythonTool } from './python-tools.ts';

/** Path of a Python with this version of the SDK, and of `openai` where one is named. */
export async function pythonWithSdkOf(version: string, openai: string | null): Promise<string> {
  const folder = join(fetchedFolder, `python-sdk-${version}`);
  await fetchOnce(folder, async (staging) => {
    const uv = await fetchPythonTool('uv');
    const { env } = process;
    await runFetching(uv, ['venv', '--quiet', staging], { env });
    const wanted = [`openai-agents==${version}`, ...(openai ? [`openai==${openai}`] : [])];
    const python = ['--python', join(staging, 'bin/python')];
    await runFetching(uv, ['pip', 'install', '--quiet', ...python, ...wanted], { env });
  });
  return join(folder, 'bin/python');
}
