import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { createConsoleBuild } from './build-console.ts';

test('the console is built on a visit, again where its sources changed, and tells what failed', async () => {
  const [folder, scripts] = [await tempFolder(), await tempFolder()];
  const source = join(folder, 'main.ts');
  const script = join(scripts, 'build.mjs');
  await writeFile(source, 'one');
  // As `scripts/built-console.ts` does: the page has the time at which the build began.
  await writeFile(
    script,
    `import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
     const text = readFileSync('main.ts', 'utf8');
     if (text === 'broken') { console.error('main.ts: no such thing as npm_planted'); process.exit(1); }
     mkdirSync('dist', { recursive: true });
     writeFileSync('dist/index.html', text);`,
  );
  const environment = { PATH: process.env.PATH };
  const { signal } = new AbortController();
  const hide = (text: string) => text.replace('npm_planted', '[hidden]');
  const build = createConsoleBuild({ sources: folder, script, environment, hide, signal });

  expect(await Promise.all([build(), build()])).toEqual([
    { state: 'building' },
    { state: 'building' },
  ]);
  await until('the build', async () => (await build()).state === 'built');

  await writeFile(source, 'broken');
  const later = new Date(Date.now() + 60_000);
  await utimes(source, later, later);
  expect(await build()).toEqual({ state: 'building' });
  const failure = await until('the failure', async () => {
    const state = await build();
    return state.state === 'failed' && state;
  });
  expect(failure).toEqual({ state: 'failed', output: 'main.ts: no such thing as [hidden]' });
});
