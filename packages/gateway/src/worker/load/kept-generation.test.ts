import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyModule, manifestOf, moduleLoad } from '../../../test/support/node-worker.ts';

describe('a generation that is kept', () => {
  test('loads the same bytes after its files were changed or removed', async () => {
    const folder = await copyModule('TsPaths');
    const load = moduleLoad(folder, 'agent.ts');
    const first = await manifestOf(load);
    await writeFile(join(folder, 'lib/exact.ts'), `export const exact = 'Changed';`);
    await writeFile(join(folder, 'lib/exact.js'), `export const exact = 'Shadow';`);
    await rm(join(folder, 'agent.ts'));
    await rm(join(folder, 'tsconfig.json'));
    await rm(join(folder, 'lib/prompts.ts'));
    const kept = Object.fromEntries(first.files.map(({ path, sha256 }) => [path, sha256]));
    const again = await manifestOf({ ...load, kept });
    expect(again.agents).toEqual(first.agents);
    expect(again.files).toEqual(first.files);
  });

  test('loads CommonJS though its whole folder is gone', async () => {
    const folder = await copyModule('CommonJs');
    const load = moduleLoad(folder, 'agent.cjs');
    const first = await manifestOf(load);
    await rm(folder, { recursive: true });
    const kept = Object.fromEntries(first.files.map(({ path, sha256 }) => [path, sha256]));
    const again = await manifestOf({ ...load, kept });
    expect(again.agents[0]?.name).toBe('Hi there');
    expect(again.files).toEqual(first.files);
  });
});
