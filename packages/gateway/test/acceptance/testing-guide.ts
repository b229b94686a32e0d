import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launcher, runCli } from '../support/cli-process.ts';
import { type TemporaryProject, warmTemporaryProject } from '../support/temporary-project.ts';
import { blocks, guide } from './guide.ts';

const run = promisify(execFile);
const missingPytest = await run('python3', ['-c', 'import pytest']).then(
  () => false,
  () => 'pytest is missing',
);
const packages = join(import.meta.dirname, '../../../../node_modules');

let project: TemporaryProject;

const { PATH, HOME } = process.env;
const start = (...args: string[]) =>
  run(process.execPath, args, { cwd: project.folder, env: { PATH, HOME, NO_COLOR: '1' } });

/** What of the page on testing is tried: its agent with its cases, and its examples for programs that run tests. */
type Part = 'agent' | 'node:test' | 'vitest' | 'pytest';

const parts: Readonly<Record<Part, () => void>> = {
  agent: testAgent,
  'node:test': testNodeTest,
  vitest: testVitest,
  pytest: testPytest,
};

/** Follows the page on testing, in a project of its own. */
export function testGuide(...chosen: readonly Part[]): void {
  beforeAll(() => {
    project = warmTemporaryProject();
    project.write('package.json', '{ "type": "module" }');
    const page = guide('Testing.md');
    // The first line of each names its file.
    for (const block of ['ts', 'yaml', 'toml', 'python'].flatMap((language) =>
      blocks(page, language),
    )) {
      const [, file = ''] = /^(?:\/\/|#) (\S+)\n/.exec(block) ?? [];
      project.write(file, block);
    }
    mkdirSync(join(project.folder, 'node_modules/.bin'), { recursive: true });
    symlinkSync(launcher, join(project.folder, 'node_modules/.bin/dropgate'));
    symlinkSync(dirname(dirname(launcher)), join(project.folder, 'node_modules/dropgate'));
    symlinkSync(join(packages, 'vitest'), join(project.folder, 'node_modules/vitest'));
  });
  afterAll(() => project.dispose());
  for (const part of chosen) parts[part]();
}

function testAgent(): void {
  test('the agent, the cases and the settings of the page on testing pass', async () => {
    const { code, out } = await runCli(project.folder, ['test', '--junit', 'report.xml']);
    expect(out).toContain('skipped  default/planner  same_text\n  Its answer has the time in it.');
    expect(out).toContain('9 checks and 1 case');
    expect(out).toContain(': 9 passed, 0 failed, 1 skipped.');
    expect(code).toBe(0);
  });
}

function testNodeTest(): void {
  test('its example for node:test passes', async () => {
    const { stdout } = await start('--test', 'test/planner.node.test.ts');
    expect(stdout).toMatch(/pass 2\n.*fail 0/s);
  });
}

function testVitest(): void {
  test('its example for vitest passes', async () => {
    const vitest = join(packages, 'vitest/vitest.mjs');
    const { stdout } = await start(vitest, 'run', 'test/planner.vitest.test.ts');
    expect(stdout).toMatch(/Tests\s+2 passed/);
  });
}

function testPytest(): void {
  test.skipIf(missingPytest)(
    `its example for pytest passes (${missingPytest || 'run'})`,
    async () => {
      const { stdout } = await run('python3', ['-m', 'pytest', '-p', 'no:cacheprovider', '-q'], {
        cwd: project.folder,
        env: {
          PATH: `${dirname(process.execPath)}${delimiter}${PATH}`,
          HOME,
          PYTHONDONTWRITEBYTECODE: '1',
        },
      });
      expect(stdout).toContain('2 passed');
    },
  );
}
