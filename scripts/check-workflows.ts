// Checks the workflows with actionlint: the one in PATH, else the pinned one, which Go builds once. Without both it is
// skipped, and says so. Building it takes longer than all else that is checked of text, so what it found right is noted
// in checked-workflows.json, by the bytes of each file: it runs where they are others. `--write` notes what it finds right.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fetchedFolder, fetchOnce } from '../packages/gateway/test/support/fetch-once.ts';
import { runProgram } from './nightly/part.ts';
import { workspaceRoot } from './source-files.ts';

/** https://github.com/rhysd/actionlint */
const version = 'v1.7.12';

const TIMEOUT_MS = 300_000;

const noteFile = join(import.meta.dirname, 'checked-workflows.json');

const files = globSync('.github/workflows/*.yml', { cwd: workspaceRoot }).toSorted();
const hashes = Object.fromEntries(files.map((file) => [file, sha256Of(join(workspaceRoot, file))]));
const now = { actionlint: version, files: hashes };

const isNoted =
  existsSync(noteFile) && isDeepStrictEqual(JSON.parse(readFileSync(noteFile, 'utf8')), now);
if (!isNoted) await check();

async function check(): Promise<void> {
  const actionlint = await findActionlint();
  if (actionlint === null) {
    console.log('skipped: neither actionlint nor Go is on this machine');
    return;
  }
  const bounds = { cwd: workspaceRoot, timeoutMs: TIMEOUT_MS };
  // What it knows of shells and Python is another program's, which machines have or lack.
  const plain = ['-shellcheck=', '-pyflakes='];
  const { code, stdout, stderr } = await runProgram([actionlint, ...plain, ...files], bounds);
  process.stdout.write(stdout + stderr);
  if (code === 0 && process.argv.includes('--write')) {
    writeFileSync(noteFile, `${JSON.stringify(now, null, 2)}\n`);
    return;
  }
  if (code === 0) console.log('They are right. Note it: node scripts/check-workflows.ts --write');
  process.exitCode = 1;
}

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

async function findActionlint(): Promise<string | null> {
  if (await isThere('actionlint', '-version')) return 'actionlint';
  const folder = join(fetchedFolder, `actionlint-${version}`);
  const program = join(folder, 'actionlint');
  if (!existsSync(program)) {
    if (!(await isThere('go', 'version'))) return null;
    await fetchOnce(folder, async (staging) => {
      const command = ['go', 'install', `github.com/rhysd/actionlint/cmd/actionlint@${version}`];
      const env = { ...process.env, GOBIN: staging, GOFLAGS: '-mod=mod' };
      const end = await runProgram(command, { cwd: workspaceRoot, timeoutMs: TIMEOUT_MS, env });
      if (end.code !== 0) throw new Error(end.stderr);
    });
  }
  return program;
}

function isThere(program: string, argument: string): Promise<boolean> {
  return runProgram([program, argument], { cwd: workspaceRoot, timeoutMs: TIMEOUT_MS }).then(
    ({ code }) => code === 0,
    () => false,
  );
}
