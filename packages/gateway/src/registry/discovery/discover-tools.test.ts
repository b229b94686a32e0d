import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { discoverTools } from './discover-tools.ts';

/** What is found among files of these names. */
async function discoverNamed(...names: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'tools-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of names) writeFileSync(join(folder, name), '');
  const { modules, findings } = await discoverTools({
    projectRoot: folder,
    folder,
    serving: new Map(),
  });
  return {
    tools: modules.map(({ name }) => name),
    told: findings.map(({ modulePath, finding }) => [modulePath, finding.code]),
  };
}

test('a module of a name that no tool can have is told of', async () => {
  const long = `${'l'.repeat(65)}.py`;
  expect(await discoverNamed('9lives.ts', long, 'my tool.ts', 'tide.ts', 'tide.v2.js')).toEqual({
    tools: ['tide'],
    told: [
      ['9lives.ts', 'tool_name_unusable'],
      [long, 'tool_name_unusable'],
      ['my tool.ts', 'tool_name_unusable'],
      ['tide.v2.js', 'tool_name_unusable'],
    ],
  });
});

test('what lies beside modules is not', async () => {
  const files = ['.env', '_shared.ts', 'README.md', 'tide.d.ts', 'tide.test.ts'];
  expect(await discoverNamed(...files)).toEqual({ tools: [], told: [] });
});
