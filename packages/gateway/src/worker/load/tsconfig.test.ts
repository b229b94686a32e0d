import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { createSourceFiles, type SourceFiles } from './source-files.ts';
import { createTsConfigs } from './tsconfig.ts';

/** Settings for `src/agent.ts` in a project of these files. */
async function settingsIn(files: Readonly<Record<string, string>>) {
  const root = await tempFolder(files);
  const sources: SourceFiles = createSourceFiles({ kept: null, keptFolder: root });
  const settings = createTsConfigs(sources, root).settingsFor(join(root, 'src/agent.ts'));
  return { root, settings, read: sources.loaded().map(({ path }) => path.slice(root.length + 1)) };
}

describe('the settings of a file', () => {
  test('are those of the nearest tsconfig', async () => {
    const { settings, read } = await settingsIn({
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": false } }',
      'src/tsconfig.json':
        '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
    });
    expect(settings).toMatchObject({ legacyDecorators: true, decoratorMetadata: true });
    expect(read).toEqual(['src/tsconfig.json']);
  });

  test('are read though nothing ends any of their comments', async () => {
    const text = `{ "compilerOptions": { "experimentalDecorators": true } }${' /* '.repeat(200_000)}`;
    const { settings } = await settingsIn({ 'tsconfig.json': text });
    expect(settings.legacyDecorators).toBe(true);
  });

  test('come from above, and not from beyond the project', async () => {
    const outer = await tempFolder({
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
    });
    const sources = createSourceFiles({ kept: null, keptFolder: outer });
    const file = join(outer, 'project/src/deep/agent.ts');
    const inside = createTsConfigs(sources, join(outer, 'project'));
    expect(inside.settingsFor(file).legacyDecorators).toBe(false);
    const outside = createTsConfigs(sources, '/elsewhere');
    expect(outside.settingsFor(file).legacyDecorators).toBe(true);
  });

  test('may have comments and trailing commas, but not in texts', async () => {
    const { root, settings } = await settingsIn({
      'tsconfig.json': `{
        // one
        "compilerOptions": { /* two */ "paths": { "@//*": ["./lib/*,}"], }, },
      }`,
    });
    expect(settings.paths).toEqual([{ pattern: '@//*', targets: [join(root, 'lib/*,}')] }]);
  });

  test('have paths relative to baseUrl, else to the file they stand in, through extends', async () => {
    const { root, settings, read } = await settingsIn({
      'src/tsconfig.json': '{ "extends": ["../base", "../more.json"], "compilerOptions": {} }',
      'base.json': '{ "compilerOptions": { "baseUrl": "./lib", "target": "ES2017" } }',
      'more.json': '{ "compilerOptions": { "paths": { "a": ["./a.ts"] } } }',
    });
    expect(settings.paths).toEqual([{ pattern: 'a', targets: [join(root, 'a.ts')] }]);
    expect(settings.baseUrl).toBe(join(root, 'lib'));
    expect(settings.assignedFields).toBe(true);
    expect(read).toEqual(['src/tsconfig.json', 'base.json', 'more.json']);
  });

  test('belong to the generation only where they have a say', async () => {
    const { read } = await settingsIn({
      'tsconfig.json': '{ "compilerOptions": { "strict": true, "target": "es2024" } }',
    });
    expect(read).toEqual([]);
  });

  test.each([
    ['{ "compilerOptions": '],
    ['{ "extends": "./tsconfig.json", "compilerOptions": { "experimentalDecorators": true } }'],
    ['{ "extends": "./gone.json", "compilerOptions": { "experimentalDecorators": true } }'],
  ])('survive a tsconfig that cannot be read: %s', async (text) => {
    const { settings } = await settingsIn({ 'tsconfig.json': text });
    expect(settings.paths).toEqual([]);
  });

  test.each([
    ['{ "useDefineForClassFields": false }', true],
    ['{ "useDefineForClassFields": true, "target": "es5" }', false],
    ['{ "target": "es2021" }', true],
    ['{ "target": "es2022" }', false],
    ['{ "target": "esnext" }', false],
  ])('know how class fields are made: %s', async (options, assignedFields) => {
    const { settings } = await settingsIn({ 'tsconfig.json': `{ "compilerOptions": ${options} }` });
    expect(settings.assignedFields).toBe(assignedFields);
  });
});
