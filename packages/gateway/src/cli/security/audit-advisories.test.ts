import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import {
  type KnownAdvisories,
  startAdvisoryServer,
} from '../../../test/support/advisory-server.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';

const agent = `export const agent = { run: () => 'Hi' };\n`;

const files = {
  'src/agents/Spark/agent.ts': agent,
  'src/agents/Spark/package.json': '{"dependencies": {"left-word": "^1.2.0", "tagged": "latest"}}',
  'src/agents/labs/Planner/agent.py': 'agent = 1\n',
  'src/agents/labs/Planner/requirements.txt': 'Long_Words==1.0\nnew-words>=2\n',
  'src/agents/Plain/agent.ts': agent,
};

const known: KnownAdvisories = {
  npm: {
    'left-word': [
      {
        id: 1,
        title: 'Words may be read backwards.',
        severity: 'high',
        url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
        vulnerable_versions: '<0.5.0 || >=1.0.0 <1.2.7',
      },
      {
        id: 2,
        title: 'Of another version.',
        severity: 'low',
        url: 'https://example.com/2',
        vulnerable_versions: '<1.0.0',
      },
    ],
  },
  pypi: {
    'long-words 1.0': [
      [
        {
          id: 'PYSEC-2026-1',
          aliases: ['GHSA-dddd-eeee-ffff'],
          details: 'The same by another name.',
        },
      ],
      [
        {
          id: 'GHSA-dddd-eeee-ffff',
          aliases: ['CVE-2026-1'],
          summary: 'Long words never end.',
          database_specific: { severity: 'CRITICAL' },
          affected: [
            {
              package: { name: 'Long.Words', ecosystem: 'PyPI' },
              ranges: [
                { events: [{ introduced: '0' }, { fixed: '0.9' }, { fixed: '1.10' }] },
                { events: [{ introduced: '1.0' }, { fixed: '1.4' }] },
              ],
            },
          ],
        },
        { id: 'GHSA-none', withdrawn: '2026-01-01T00:00:00Z', summary: 'Taken back.' },
      ],
    ],
  },
};

async function audit(folder: string, npm: string, osv: string, ...more: string[]) {
  const run = inProcessCli(folder);
  await run('keys', 'create', '--role', 'admin', '--expires', '30d');
  const services = ['--npm-service', npm, '--osv-service', osv];
  return run('audit', '--advisories', ...services, ...more);
}

test('names agent, package, version, advisory and fix, in both languages', async () => {
  const folder = await tempFolder(files);
  const { url, asked } = await startAdvisoryServer(known);
  const { code, out } = await audit(folder, `${url}/`, url, '--json');
  const { advisories } = JSON.parse(out);
  expect({ code, findings: advisories.findings, unreachable: advisories.unreachable }).toEqual({
    code: 1,
    findings: [
      {
        agents: ['default/spark'],
        ecosystem: 'npm',
        package: 'left-word',
        version: '1.2.0',
        id: 'GHSA-aaaa-bbbb-cccc',
        title: 'Words may be read backwards.',
        severity: 'high',
        url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
        fixed_in: '1.2.7',
        installed: false,
      },
      {
        agents: ['labs/planner'],
        ecosystem: 'PyPI',
        package: 'long-words',
        version: '1.0',
        id: 'GHSA-dddd-eeee-ffff',
        title: 'Long words never end.',
        severity: 'critical',
        url: 'https://osv.dev/vulnerability/GHSA-dddd-eeee-ffff',
        fixed_in: '1.4',
        installed: false,
      },
    ],
    unreachable: [],
  });
  expect(advisories.unknown_versions).toEqual([
    { agent: 'default/spark', package: 'tagged', wanted: 'latest' },
    { agent: 'labs/planner', package: 'new-words', wanted: '>=2' },
  ]);
  // The gateway's own, with what they need.
  expect(Object.keys(asked.npm)).toEqual(expect.arrayContaining(['fastify', 'ajv', 'left-word']));
  expect(asked.pypi).toEqual(['long-words 1.0']);
});

test('shows people what to do', async () => {
  const folder = await tempFolder(files);
  const { url } = await startAdvisoryServer(known);
  const { code, out, err } = await audit(folder, url, url);
  expect(code).toBe(1);
  expect(out).toContain(
    [
      'critical  long-words 1.0  GHSA-dddd-eeee-ffff',
      '  Long words never end.',
      '  used by labs/planner (declared, not installed)',
      '  → Take 1.4 or newer.',
      '  https://osv.dev/vulnerability/GHSA-dddd-eeee-ffff',
    ].join('\n'),
  );
  expect(out).toMatch(/Asked of \d+ packages of npm and 1 of PyPI: 2 advisories\.\n$/);
  expect(err).toContain('labs/planner: new-words >=2 is not installed');
});

test('looks at what is installed, in the folder and above it, with what that needs', async () => {
  const folder = await tempFolder({
    ...files,
    'src/agents/Spark/node_modules/left-word/package.json':
      '{"name":"left-word","version":"1.3.0","dependencies":{"deep":"1"}}',
    'node_modules/deep/package.json': '{"name":"deep","version":"1.0.1"}',
    'src/agents/labs/Planner/.venv/pyvenv.cfg': 'version = 3.12.1\n',
    'src/agents/labs/Planner/.venv/bin/python': '',
    'src/agents/labs/Planner/.venv/lib/python3.12/site-packages/long_words-1.1.dist-info/METADATA':
      '',
    'src/agents/labs/Planner/.venv/lib/python3.12/site-packages/New.Words-2.5.dist-info/METADATA':
      '',
  });
  const { url, asked } = await startAdvisoryServer({
    npm: {
      deep: [
        {
          id: 7,
          title: 'Too deep.',
          severity: 'moderate',
          url: 'https://example.com/7',
          vulnerable_versions: '<=1.0.1',
        },
      ],
    },
  });
  const { code, out } = await audit(folder, url, url, '--json');
  const [finding, ...others] = JSON.parse(out).advisories.findings;
  expect({ code, finding, others }).toMatchObject({
    code: 1,
    finding: { agents: ['default/spark'], package: 'deep', fixed_in: '>1.0.1', installed: true },
    others: [],
  });
  expect(asked.npm).toMatchObject({ 'left-word': ['1.3.0'], deep: ['1.0.1'] });
  // What is pinned is not what is installed: both are asked of.
  expect(asked.pypi.toSorted()).toEqual(['long-words 1.0', 'long-words 1.1', 'new-words 2.5']);
});

test('a service that gives no answer is told of, and is no finding', async () => {
  const folder = await tempFolder(files);
  const html = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
  onTestFinished(() => void html.close());
  await new Promise((resolve) => html.once('listening', resolve));
  const other = `http://127.0.0.1:${(html.address() as AddressInfo).port}`;
  const { code, out, err } = await audit(folder, 'http://127.0.0.1:1', other);
  expect(code).toBe(0);
  expect(err).toMatch(
    /http:\/\/127\.0\.0\.1:1 told no advisories on packages of npm: ECONNREFUSED\. So nothing is known of \d+ packages\. Try again later, or name a mirror with --npm-service\./,
  );
  expect(err).toContain(`${other} told no advisories on packages of PyPI: its answer is no JSON.`);
  expect(out).toMatch(
    /Asked of \d+ packages of npm \(no answer\) and 1 of PyPI \(no answer\): 0 advisories\.\n$/,
  );
});

test('an address that is none is wrong usage', async () => {
  const run = inProcessCli(await tempFolder());
  expect(await run('audit', '--advisories', '--npm-service', 'nowhere')).toMatchObject({ code: 2 });
});
