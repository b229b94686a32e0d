import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { tsConfigFile } from '../../src/cli/project/project-files.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type Block, blocksOf, guidePages, workspaceRoot } from './pages.ts';
import { isOf, leftOut, useOf } from './use-of-blocks.ts';

const blocks = guidePages().flatMap(blocksOf);
const used = (use: string) => blocks.filter((block) => useOf(block) === use);
const place = (block: Block) => `${block.page}:${block.line}`;

describe('blocks of README and the guides', () => {
  test('are run by tests, but for one in ten at most', () => {
    const notRun = used('not run').map(place);
    const all = blocks.length - used('shown').length;
    expect(all).toBeGreaterThan(40);
    expect(notRun.length / all, `not run: ${notRun.join(', ')}`).toBeLessThanOrEqual(0.1);
  });

  test('that are left out are there, once each, and have a reason', () => {
    const astray = leftOut.filter((one) => blocks.filter((block) => isOf(one, block)).length !== 1);
    expect(astray).toEqual([]);
    expect(leftOut.filter(({ reason }) => !reason.endsWith('.'))).toEqual([]);
  });

  test('that are settings are taken by a gateway', () => {
    const refused = used('settings').flatMap((block) => problemsOf(block));
    expect(refused).toEqual([]);
  });

  test('that are JSON can be read', () => {
    const broken = used('json').filter(({ text }) => !isJson(text));
    expect(broken.map(place)).toEqual([]);
  });

  test('that are TypeScript have no error of types in the project that `dropgate init` makes', async () => {
    const folder = join(workspaceRoot, 'node_modules/.cache', `dropgate-guides-${process.pid}`);
    const isTyped = ({ file }: Block) => /\.tsx?$/.test(file ?? '');
    const typed = used('put').filter(isTyped);
    expect(typed.length).toBeGreaterThan(3);
    for (const block of used('put')) write(join(folder, folderOf(block), block.file ?? ''), block);
    const settings = JSON.parse(tsConfigFile);
    settings.compilerOptions.paths = {
      'dropgate/agent': [join(workspaceRoot, 'packages/gateway/src/worker/agent-api.ts')],
      'dropgate/testing': [join(workspaceRoot, 'packages/gateway/src/testing.ts')],
    };
    settings.include = ['**/*.ts', '**/*.tsx'];
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    try {
      const tsc = join(workspaceRoot, 'node_modules/.bin/tsc');
      const { stdout } = await promisify(execFile)(tsc, ['-p', folder, '--singleThreaded']).catch(
        (failed: { stdout: string }) => failed,
      );
      expect(ofBlocks(stdout)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Errors of the compiler in blocks. Our own sources are checked elsewhere, with stricter and newer settings. */
function ofBlocks(output: string): readonly string[] {
  return output.split('\n').filter((line) => /^node_modules\/|^tsconfig|^error/.test(line));
}

/** Files of a page lie together; of two with one name the later one lies elsewhere. */
function folderOf(block: Block): string {
  const same = used('put').filter(({ page, file }) => page === block.page && file === block.file);
  return `${block.page.replaceAll(/\W/g, '-')}-${same.indexOf(block)}`;
}

function write(file: string, { text }: Block): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function problemsOf(block: Block): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-settings-'));
  try {
    writeFileSync(join(folder, 'gateway.yaml'), block.text);
    loadConfig({ projectRoot: folder, env: {}, command: 'check' });
    return [];
  } catch (thrown) {
    return [`${place(block)}: ${thrown}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
