import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launcher } from '../support/cli-process.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { type TemporaryProject, warmTemporaryProject } from '../support/temporary-project.ts';

const missing = await missingPython();
const run = promisify(execFile);

/** As pytest would run its tests: one after the other, skipped where they say so. */
const tests = `import json
import sys
import unittest

from dropgate.testing import cases, start_gateway

told = {}
for case in cases("planner", command=sys.argv[1]):
    try:
        case.check()
        told[str(case)] = "passed"
    except unittest.SkipTest as skipped:
        told[str(case)] = f"skipped: {skipped}"
    except AssertionError as failed:
        told[str(case)] = str(failed)
with start_gateway(command=sys.argv[1]) as gateway:
    told["answer"] = gateway.ask("planner", "Rome").text
    try:
        gateway.ask("nobody", "Rome")
    except AssertionError as failed:
        told["nobody"] = str(failed)
try:
    cases("nobody", command=sys.argv[1])
except RuntimeError as failed:
    told["cases of nobody"] = str(failed)
print(json.dumps(told))
`;

describe.skipIf(missing)(`tests of agents in Python (${missing ?? 'run'})`, () => {
  let project: TemporaryProject;

  beforeAll(() => {
    project = warmTemporaryProject();
    project.write(
      'src/agents/Planner/agent.mjs',
      `export const agent = { run: async ({ messages }) => 'To ' + messages.at(-1).content };\n`,
    );
    const asked = 'messages: [{ role: user, content: Rome }]\n';
    project.write('src/agents/Planner/tests/a.yaml', `${asked}expect: { text: To Rome }\n`);
    project.write('src/agents/Planner/tests/b.yaml', `${asked}expect: { text: To Paris }\n`);
    project.write('test_agents.py', tests);
  });
  afterAll(() => project.dispose());

  test('ask agents and play their cases, with the standard library alone', async () => {
    const command = `'${process.execPath}' '${launcher}'`;
    const { stdout } = await run(pythonWithSdk(), ['test_agents.py', command], {
      cwd: project.folder,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        PYTHONPATH: join(import.meta.dirname, '../../python'),
        PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    expect(JSON.parse(stdout)).toEqual({
      'default/planner-a': 'passed',
      'default/planner-b':
        'src/agents/Planner/tests/b.yaml: expect.text: The answer is another.\n\n- "To Paris"\n+ "To Rome"',
      answer: 'To Rome',
      nobody: expect.stringMatching(/^nobody answered 404: /),
      'cases of nobody': expect.stringContaining('There is no agent nobody.'),
    });
  });
});
