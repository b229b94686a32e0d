import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Results, reviewOf } from './page.ts';

const head = 'f0'.repeat(20);
const result = (text: unknown, commit = head) => ({
  made_at: '2026-12-01T00:00:00.000Z',
  commit,
  exit_code: 0,
  text: typeof text === 'string' ? text : JSON.stringify(text),
});

const file = (name: string, ...statuses: string[]) => ({
  name: `/workspace/${name}`,
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status })),
});
const acceptance = 'packages/gateway/test/acceptance/';
const files = [
  'security-story.test.ts',
  'dependencies.test.ts',
  'packed.test.ts',
  '../guides/runbook.test.ts',
].map((name) => file(join(acceptance, name), 'passed', 'passed'));
const tests = {
  testResults: [...files, file('packages/gateway/src/cli/data/d.test.ts', 'passed')],
};
const parts = ['advisories', 'licences', 'keys', 'overrides', 'lock-file', 'docs', 'sdks'];
const smoke = {
  node: 'v24.0.0',
  platform: 'linux',
  install_mb: 150,
  packages: 127,
  start_ms: 900,
  first_answer_ms: 2000,
  asked: 6,
  failures: [],
};

const all: Results = {
  tests: result(tests),
  'drop-ins': result(smoke),
  audit: result({ parts: parts.map((name) => ({ name, findings: [] })) }),
  bench: result('| a table |'),
  breaks: result({ caught: 30, survived: 0 }),
};

test('says that all holds where each result says so', () => {
  const { page, wanting } = reviewOf(all, head);
  expect(wanting).toEqual([]);
  expect(page).toContain('Everything on the list holds.');
  expect(page).toContain('| All tests pass | `vitest run` | 9 | 0 | 0 | yes |');
  expect(page).toContain(
    '| No break survives the suite | the table of breaks | 30 | 0 | 0 | yes |',
  );
  expect(page).toContain('127 packages, 150 MB; the gateway listened after 900 ms');
  expect(page).toContain('## Figures\n\n| a table |');
});

test('says what is missing, and makes nothing up', () => {
  const none: Results = { tests: null, 'drop-ins': null, audit: null, bench: null, breaks: null };
  const { page, wanting } = reviewOf(none, head);
  expect(wanting).toHaveLength(17);
  expect(wanting).toContain('All tests pass: missing');
  expect(wanting).toContain('Figures: missing');
  expect(page).not.toMatch(/\| yes \|/);
});

test('an audit that got no answer is no proof', () => {
  const silent = parts.map((name) => ({ name, findings: [], isUnanswered: name === 'advisories' }));
  const { wanting } = reviewOf({ ...all, audit: result({ parts: silent }) }, head);
  expect(wanting).toEqual(['No advisory is open: missing']);
});

test('says what failed, what could not be loaded, and what is of another commit', () => {
  const broken = { name: '/workspace/x.test.ts', status: 'failed', assertionResults: [] };
  const { page, wanting } = reviewOf(
    {
      ...all,
      tests: result({
        testResults: [...tests.testResults, file('y', 'failed', 'pending'), broken],
      }),
      'drop-ins': result({ ...smoke, failures: ['default/own, whole: no'] }, 'ab'.repeat(20)),
      audit: result('a stack trace'),
      breaks: result({ caught: 29, survived: 1 }),
    },
    head,
  );
  expect(page).toContain('| All tests pass | `vitest run` | 9 | 2 | 1 | no |');
  expect(page).toContain('| 5 | 1 | 0 | no |');
  expect(wanting).toEqual(
    expect.arrayContaining([
      'All tests pass: no',
      'No advisory is open: missing',
      'No break survives the suite: no',
      'The result of agents in both languages on the packed gateway, with the newest SDKs is of another commit',
    ]),
  );
});
