import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingPython } from '../support/python-with-sdk.ts';
import { startPythonWorker, writePythonModule } from '../support/python-worker.ts';
import { writeFiles } from '../support/temp-folder.ts';

const missing = await missingPython();

/** Reads the `.env` nearest to it as `load_dotenv()` finds it. */
const dotenv = `
import os
from pathlib import Path


def load_dotenv(start):
    found = next(one / ".env" for one in (start, *start.parents) if os.path.isfile(one / ".env"))
    with open(found, encoding="utf-8") as file:
        return file.read()
`;

const inOwnFolder = `
import os
from pathlib import Path
from dotenv_like import load_dotenv

with open("data.txt") as data:
    mine = data.read()
env = load_dotenv(Path(__file__).parent)
text = Path("../.env").read_text()


def run():
    with open("../.env") as file:
        return f"{os.getcwd()} {mine}{env}{text}{file.read()}"
`;

const inRoot = (cwd: string) => `
import os
__gateway__ = {"cwd": ${cwd}}
before = os.getcwd()


def run():
    with open(".env") as file:
        return f"{before} {os.getcwd()}{file.read()}"
`;

describe.skipIf(missing !== null)('the working folder of a module in Python', () => {
  test('is its own, and the .env of the root is empty to it', async () => {
    const load = await writePythonModule({
      'agent.py': inOwnFolder,
      'dotenv_like.py': dotenv,
      'data.txt': 'mine',
    });
    const root = join(load.folder, '..');
    await writeFiles(root, { '.env': 'REAL=sk-real\n' });
    const worker = await startPythonWorker(root);
    const answer = await worker.load(load);
    if (answer.type !== 'loaded') throw new Error(JSON.stringify(answer.findings));
    expect(answer.manifest.warnings).toMatchObject([
      { code: 'root_env_withheld', file: join(load.folder, 'dotenv_like.py'), line: 8 },
      { code: 'root_env_withheld', file: load.entry, line: 9 },
    ]);
    expect(await worker.eventsOf('hi')).toMatchObject([
      { type: 'text', delta: `${load.folder} mine` },
      { type: 'finished' },
    ]);
    worker.send({ type: 'shutdown' });
    expect((await worker.ended).output).toBe(
      "src/agents/Written/agent.py reads the .env in the project root, which is the gateway's own: to agents it is empty.\n",
    );
  });

  test.each([
    ['"project"', '', []],
    ['"project".strip()', 'Written', [{ code: 'cwd_applied_late', line: 3 }]],
  ])('is the root with "cwd": %s', async (cwd, first, warnings) => {
    const load = await writePythonModule({ 'agent.py': inRoot(cwd) });
    const root = join(load.folder, '..');
    await writeFiles(root, { '.env': 'REAL=sk-real\n' });
    const worker = await startPythonWorker(root);
    const answer = await worker.load(load);
    expect(answer).toMatchObject({ type: 'loaded', manifest: { settings: { cwd: 'project' } } });
    expect(answer.type === 'loaded' && answer.manifest.warnings).toMatchObject(warnings);
    expect(await worker.eventsOf('hi')).toMatchObject([
      { type: 'text', delta: `${join(root, first)} ${root}` },
      { type: 'finished' },
    ]);
  });
});
