import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  brokenAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import type { TestReport } from './test-report.ts';

const running = (body: string) => `let runs = 0;
export const agent = { run: async ({ messages }) => { runs += 1; ${body} } };
`;

const agents: Readonly<Record<string, string>> = {
  // In the third run, which is left, it does not stop.
  'Deaf/agent.mjs': running(
    "if (runs > 2) await new Promise((go) => setTimeout(go, 8000)); return 'Hi.';",
  ),
  'Deaf/tests/generic.yaml': 'max_seconds: 4\n',
  'Differs/agent.mjs': running("return runs === 2 ? 'No.' : 'Yes.';"),
  'Random/agent.mjs': running("return 'Number ' + runs;"),
  'Random/tests/generic.yaml': 'skip:\n  leaves: It cannot be stopped.\n',
  'Slow/agent.mjs': running("await new Promise((go) => setTimeout(go, 1000)); return 'Hi.';"),
  'Slow/tests/generic.yml': 'max_seconds: 0.1\n',
  'Throws/agent.mjs': running("throw new Error('No way.');"),
  'Broken/agent.mjs': brokenAgent,
  'Wrong/agent.mjs': running("return 'Hi.';"),
  'Wrong/tests/generic.yaml': 'messag: Hi\n',
  'Hidden/agent.mjs': running("return 'Hi.';"),
};

let project: TemporaryProject;
let report: TestReport;

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write(
    'gateway.yaml',
    `security:
  rules: [{ id: hidden, effect: deny, action: run_agent, principals: ['*'], resources: [default/hidden] }]
`,
  );
  for (const [path, text] of Object.entries(agents)) project.write(`src/agents/${path}`, text);
  const { out } = await inProcessCli(project.folder)('test', '--json', '--junit', 'junit.xml');
  report = JSON.parse(out);
});
afterAll(() => project.dispose());

const told = (agent: string, check: string) =>
  report.checks.find((one) => one.agent === `default/${agent}` && one.check === check)?.message;

test('says what fails, and what to do about it', () => {
  const failed = report.checks.filter(({ result }) => result === 'failed');
  expect(failed.map(({ agent, check, message }) => [agent, check, message])).toEqual([
    ['default/broken', 'loads', expect.stringMatching(/does not parse: .* Fix the syntax/)],
    [
      'default/deaf',
      'leaves',
      'Its run goes on 4 s after its caller left. Pass the signal of the run on to what it waits for.',
    ],
    [
      'default/differs',
      'same_text',
      'Streamed, it says something else than whole: "No." instead of "Yes.".',
    ],
    [
      'default/slow',
      'in_time',
      expect.stringMatching(
        /^Its slowest answer took \d.* s, and may take 0\.1 s\. Make it quicker/,
      ),
    ],
    ['default/throws', 'answers', expect.stringMatching(/^It answered 500: .* Error: No way\.$/)],
    [
      'default/wrong',
      'answers',
      expect.stringMatching(/^tests\/generic\.yaml: line 1: it has no field messag \(did you mean/),
    ],
  ]);
});

test('skips what cannot be tried, with the reason', () => {
  expect(told('random', 'same_text')).toBe('Its answer is another each time.');
  expect(told('random', 'tools')).toMatch(/^No call of a tool was seen\. Give it a message/);
  expect(told('random', 'leaves')).toBe('It cannot be stopped.');
  expect(told('hidden', 'listed')).toMatch(/^Rules do not let an administrator see and run it\./);
  expect(told('broken', 'in_time')).toBe('It does not load.');
});

test('has a line for each check in the report for a CI server', () => {
  const xml = readFileSync(join(project.folder, 'junit.xml'), 'utf8');
  expect(xml).toMatch(/<testcase classname="default\/random" name="answers" time="[\d.]+"\/>/);
  expect(xml).toMatch(/name="answers" time="[\d.]+"><failure message="It answered 500: /);
  expect(xml).toContain('<skipped message="It cannot be stopped."/>');
});
