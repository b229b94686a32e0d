import { execFile } from 'node:child_process';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tempFolder } from '../../packages/gateway/test/support/temp-folder.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'track-issue.sh');

/** What gh is asked for where an issue of this number is open, or none. */
async function asked(open: string, findings: string): Promise<readonly string[]> {
  const folder = await tempFolder({
    gh: `#!/bin/sh\necho "$1 $2 \${3:-}" >>"$LOG"\n[ "$2" != list ] || echo "${open}"\n`,
    log: '',
  });
  await chmod(join(folder, 'gh'), 0o755);
  const env = { PATH: `${folder}:${process.env.PATH}`, LOG: join(folder, 'log') };
  await run('sh', [script, 'report.md', findings], { env });
  return (await readFile(join(folder, 'log'), 'utf8')).trimEnd().split('\n').slice(1);
}

test('one issue is opened, written anew, and closed when nothing is left', async () => {
  expect(await asked('', '2')).toEqual(['label create nightly-audit', 'issue create --title']);
  expect(await asked('7', '2')).toEqual(['issue edit 7']);
  expect(await asked('7', '0')).toEqual(['issue close 7']);
  expect(await asked('', '0')).toEqual([]);
  expect(await asked('7', 'unknown')).toEqual([]);
});
