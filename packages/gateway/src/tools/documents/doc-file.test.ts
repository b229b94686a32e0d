import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makePipe } from '../../../test/support/make-pipe.ts';
import { readDocFile } from './doc-file.ts';

test('a pipe, a device and a link that leads out are no documents, and are refused without a wait', async () => {
  const root = mkdtempSync(join(tmpdir(), 'dropgate-docs-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'a.md'), '# A');
  for (const name of ['1.md', '2.md', '3.md', '4.md', '5.md']) {
    makePipe(join(root, name));
  }
  symlinkSync('/dev/zero', join(root, 'zero.md'));
  symlinkSync('/etc/passwd', join(root, 'link.md'));
  // As many as there are threads for files, and one more.
  const odd = ['1.md', '2.md', '3.md', '4.md', '5.md', 'zero.md', 'link.md'];
  const read = await Promise.allSettled(odd.map((name) => readDocFile(root, name, 1000)));
  for (const [index, each] of read.entries()) {
    expect(each).toMatchObject({
      reason: { message: `There is no document "${odd[index]}". There are: a.md.` },
    });
  }
  expect((await readDocFile(root, 'a.md', 2)).bytes.toString()).toBe('# ');
});
