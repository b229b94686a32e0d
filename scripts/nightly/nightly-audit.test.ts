import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startAdvisoryServer } from '../../packages/gateway/test/support/advisory-server.ts';
import { tempFolder } from '../../packages/gateway/test/support/temp-folder.ts';
import { keysIn } from './keys-in-tree.ts';
import { isAllowed } from './licences.ts';
import { markdownOf } from './report.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'nightly-audit.ts');

test('a vulnerable version of an agent in either language ends it with 1 and is in the report', async () => {
  const project = await tempFolder({
    'src/agents/Spark/agent.ts': 'export const agent = { run: () => 1 };\n',
    'src/agents/Spark/package.json': '{"dependencies": {"left-word": "1.2.0"}}',
    'src/agents/Planner/agent.py': 'agent = 1\n',
    'src/agents/Planner/requirements.txt': 'long-words==1.0\n',
  });
  const { url } = await startAdvisoryServer({
    npm: {
      'left-word': [
        {
          id: 1,
          title: 'Words may be read backwards.',
          severity: 'high',
          url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
          vulnerable_versions: '<1.2.7',
        },
      ],
    },
    pypi: {
      'long-words 1.0': [
        [
          {
            id: 'GHSA-dddd-eeee-ffff',
            summary: 'Long words never end.',
            affected: [
              {
                package: { name: 'long-words', ecosystem: 'PyPI' },
                ranges: [{ events: [{ fixed: '1.4' }] }],
              },
            ],
          },
        ],
      ],
    },
  });
  const services = ['--npm-service', url, '--osv-service', url];
  const args = ['--only', 'advisories', '--project', project, '--out', project, ...services];
  const ended = await run(process.execPath, [script, ...args]).catch((error) => error);
  expect(ended.code).toBe(1);
  const report = JSON.parse(await readFile(join(project, 'nightly-audit.json'), 'utf8'));
  expect(report.parts[0].findings).toEqual([
    {
      what: 'default/spark: left-word 1.2.0: Words may be read backwards. (GHSA-aaaa-bbbb-cccc).',
      fix: 'Fixed in 1.2.7.',
    },
    {
      what: 'default/planner: long-words 1.0: Long words never end. (GHSA-dddd-eeee-ffff).',
      fix: 'Fixed in 1.4.',
    },
  ]);
  const markdown = await readFile(join(project, 'nightly-audit.md'), 'utf8');
  expect(markdown).toContain('# Nightly audit: 2 findings');
  expect(markdown).toContain('default/planner: long-words 1.0');
});

test('what looks like a key is told by its line and kind, and not repeated', () => {
  const key = `dg_${'Ab3-'.repeat(10)}xyz`;
  expect(keysIn('a.ts', `const a = 1;\nconst key = '${key}';\n`)).toMatchObject([
    { what: 'a.ts:2 has a key of the gateway.' },
  ]);
  const head = ['-----BEGIN', 'EC PRIVATE', 'KEY-----'].join(' ');
  expect(keysIn('b.pem', head)).toMatchObject([{ what: 'b.pem:1 has a private key.' }]);
  expect(keysIn('x/.env', 'A=1')).toMatchObject([{ what: 'x/.env is a file for secrets.' }]);
  expect(keysIn('docs.md', 'Set OPENAI_API_KEY to sk-... and use dg_… as key.')).toEqual([]);
});

test('a licence is allowed where one of its choices is', () => {
  expect(isAllowed('(MIT OR GPL-3.0-only)', false)).toBe(true);
  expect(isAllowed('MIT AND GPL-3.0-only', false)).toBe(false);
  expect(isAllowed('MPL-2.0', false)).toBe(false);
  expect(isAllowed('MPL-2.0', true)).toBe(true);
});

test('what strangers wrote calls nobody by name and makes no markup', () => {
  const parts = [
    {
      name: 'advisories',
      seconds: 1,
      findings: [{ what: '<img src=x> @everyone\n# Heading', fix: '[x](y)' }],
      notes: [],
    },
  ];
  const report = { made_at: '', commit: null, node: '', findings: 1, parts };
  expect(markdownOf(report)).toContain(
    '- **\\<img src=x\\> @\u200Beveryone # Heading** \\[x\\](y)',
  );
});
