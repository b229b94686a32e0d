import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  brokenAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';

/** Says what it is told, and from the third time on something else. */
const echo = `let runs = 0;
export const agent = {
  run: async ({ messages }) => {
    const text = messages.at(-1)?.content;
    if (text === 'Throw.') throw new Error('Too late.');
    runs += 1;
    return text === 'Change.' && runs > 2 ? 'No.' : 'You say ' + text;
  },
};
`;

const caseOf = (asked: string, text: string, more: object = {}) => ({
  version: 1,
  agent: 'default/echo',
  recorded: { run: 'run_1', at: '2026-11-22T11:00:00.000Z', generation: 1, files_hash: null },
  input: {
    modelId: 'echo',
    items: [{ role: 'user', parts: [{ type: 'text', text: asked }] }],
    settings: {},
    outputFormat: { type: 'text' },
    streamed: false,
    clientTools: false,
    metadata: {},
  },
  context: {
    request_id: 'req_1',
    run_id: 'run_1',
    key: { id: 'key_1', name: 'me' },
    metadata: {},
    model_id: 'default/echo',
  },
  model_calls: [],
  tool_calls: [],
  expected: { outcome: 'finished', code: null, text },
  ...more,
});

let project: TemporaryProject;
const play = (...args: string[]) =>
  inProcessCli(project.folder)('test', '--only', 'cases', ...args);
const write = (path: string, value: unknown) =>
  project.write(`src/agents/${path}`, typeof value === 'string' ? value : JSON.stringify(value));

beforeAll(() => {
  project = warmTemporaryProject();
  write('Echo/agent.mjs', echo);
  write('Echo/tests/rain.json', caseOf('Rain', 'You say Rain'));
  write('Silent/agent.mjs', echo);
  write('Silent/tests/notes.md', 'Nothing.');
  write('Silent/tests/agent.test.mjs', 'throw new Error();');
});
afterAll(() => project.dispose());

test('plays the cases beside agents', async () => {
  expect(await play()).toMatchObject({
    code: 0,
    out: 'passed  default/echo  src/agents/Echo/tests/rain.json\n\n1 case: 1 passed, 0 failed.\n',
  });
});

test('loads those alone that are named', async () => {
  const marking = "import { writeFileSync } from 'node:fs';\nwriteFileSync('loaded.txt', '');\n";
  write('Marking/agent.mjs', marking + echo);
  expect(await play('ECHO')).toMatchObject({ code: 0 });
  expect(existsSync(join(project.folder, 'src/agents/Marking/loaded.txt'))).toBe(false);
  await play('marking');
  expect(existsSync(join(project.folder, 'src/agents/Marking/loaded.txt'))).toBe(true);
  project.remove('src/agents/Marking');
});

test('fails where nothing was tested', async () => {
  const { code, out, err } = await play('silent');
  expect([code, out]).toEqual([1, '0 cases: 0 passed, 0 failed.\n']);
  expect(err).toContain(
    'Nothing was tested. Make a case of a recorded run with `dropgate runs to-test',
  );
});

test('takes no agent that there is not, and no number of times that cannot be', async () => {
  const unknown = await play('ecko');
  expect([unknown.code, unknown.out]).toEqual([2, '']);
  expect(unknown.err).toContain(
    'error: There is no agent ecko. Did you mean default/echo? `dropgate check` tells which there are.\n',
  );
  const { code, err } = await play('--repeat', '0');
  expect(code).toBe(2);
  expect(err).toContain('Give a number from 1 to 1000.');
});

test('tells the first difference of each case, and how often it held', async () => {
  write('Echo/tests/change.json', caseOf('Change.', 'You say Change.'));
  write(
    'Echo/tests/calls.json',
    caseOf('Hi', 'You say Hi', {
      model_calls: [
        {
          ordinal: 0,
          request_hash: null,
          path: '/v1/responses',
          model: 'm',
          status: 200,
          request: '{}',
          answer: '{}',
        },
      ],
    }),
  );
  const junit = 'reports/junit.xml';
  const { code, out } = await play('echo', '--repeat', '3', '--json', '--junit', junit);
  project.remove('src/agents/Echo/tests/change.json');
  project.remove('src/agents/Echo/tests/calls.json');
  expect(code).toBe(1);
  const report = JSON.parse(out);
  expect(report).toMatchObject({
    agents: [{ id: 'default/echo', status: 'ready', cases: 3 }],
    passed: 1,
    failed: 2,
    errors: [],
  });
  expect(report.cases).toMatchObject([
    {
      name: 'calls',
      file: 'src/agents/Echo/tests/calls.json',
      result: 'failed',
      played: 3,
      held: 0,
      error: null,
      difference: {
        place: 'model_calls[0]',
        kind: 'model_call',
        message: 'The run ends without model_calls[0]: a call of the model.',
      },
    },
    {
      name: 'change',
      result: 'failed',
      played: 3,
      difference: {
        place: 'expected.text',
        kind: 'answer',
        changes: [{ path: '', recorded: 'You say Change.', replayed: 'No.' }],
      },
    },
    { name: 'rain', result: 'passed', played: 3, held: 3, difference: null },
  ]);
  const xml = readFileSync(join(project.folder, junit), 'utf8');
  expect(xml).toMatch(/<testsuite name="default\/echo" tests="3" failures="2" errors="0" /);
  expect(xml).toMatch(
    /<testcase classname="default\/echo" name="change" file="src\/agents\/Echo\/tests\/change.json" time="[\d.]+"><failure message="The answer is another than in the record.">/,
  );
});

test('names the field of a case that is none, and what to do', async () => {
  const { input, ...inputless } = caseOf('Hi', 'You say Hi');
  write('Echo/tests/bad-a.json', '{ "version": 1,');
  write('Echo/tests/bad-b.json', { ...inputless, version: 2 });
  write('Echo/tests/bad-c.json', inputless);
  write(
    'Echo/tests/bad-d.json',
    caseOf('Hi', 'You say Hi', {
      input: { ...input, items: [{ role: 'user', parts: 'Hi' }] },
    }),
  );
  write('Echo/tests/bad-e.json', []);
  const { code, out } = await play('echo', '--json', '--junit', 'junit.xml');
  for (const name of 'abcde') project.remove(`src/agents/Echo/tests/bad-${name}.json`);
  expect(code).toBe(1);
  type Case = { readonly name: string; readonly error: string | null };
  const cases: readonly Case[] = JSON.parse(out).cases;
  expect(cases.map(({ name, error }) => [name, error])).toEqual([
    ['bad-a', expect.stringMatching(/^It is no JSON: .*Correct it, or write it anew with /)],
    ['bad-b', expect.stringMatching(/^version is 2, and this dropgate knows 1\. Update dropgate/)],
    ['bad-c', expect.stringMatching(/^line 1: input is missing\. Correct it/)],
    ['bad-d', expect.stringMatching(/^line 1: input\.items\[0\]\.parts: .*expected array/)],
    ['bad-e', expect.stringMatching(/^It is no object\./)],
    ['rain', null],
  ]);
  expect(readFileSync(join(project.folder, 'junit.xml'), 'utf8')).toContain('errors="5"');
});

test('expects of a case that an author wrote that the run ends well, or as it says', async () => {
  const messages = [{ role: 'user', content: 'Throw.' }];
  write('Echo/tests/throw-a.json', { messages, expect: { pattern: '.' } });
  write('Echo/tests/throw-b.json', { messages, expect: { outcome: 'failed' } });
  const { code, out } = await play('echo');
  for (const name of 'ab') project.remove(`src/agents/Echo/tests/throw-${name}.json`);
  expect(code).toBe(1);
  expect(out).toMatch(
    /^failed {2}default\/echo {2}src\/agents\/Echo\/tests\/throw-a\.json\n {2}expect\.outcome: The run ended as failed, not as finished\./m,
  );
  expect(out).toContain('Error: Too late.');
  expect(out).toContain('3 cases: 2 passed, 1 failed.');
});

test('tells of a folder of cases that cannot be read, and goes on', async () => {
  write('Loop/agent.mjs', echo);
  const loop = join(project.folder, 'src/agents/Loop/tests');
  symlinkSync(loop, loop);
  const { code, out } = await inProcessCli(project.folder)('test', 'loop', 'silent');
  project.remove('src/agents/Loop');
  expect(code).toBe(1);
  expect(out).toContain('failed  default/loop  src/agents/Loop/tests\n  It ');
  expect(out).toMatch(/^failed {2}default\/loop {2}answers\n {2}tests /m);
  expect(out).toContain('passed  default/silent  answers');
});

test('writes no warning of a parser past its own output', async () => {
  const warnings: string[] = [];
  const gather = ({ message }: Error) => void warnings.push(message);
  process.on('warning', gather);
  write('Echo/tests/tagged.yaml', 'messages: !!js/function "x"\n');
  const { out } = await play('echo');
  project.remove('src/agents/Echo/tests/tagged.yaml');
  process.off('warning', gather);
  expect(out).toContain('line 1: messages: Invalid input: expected array, received string');
  expect(warnings).toEqual([]);
});

test('gives up on a pattern that tries ever more ways to fit', async () => {
  const messages = [{ role: 'user', content: `${'a'.repeat(40)}!` }];
  const answer = [{ role: 'user', content: `"${'a'.repeat(40)}!"` }];
  write('Echo/tests/slow-a.json', { messages, expect: { pattern: '^You say (a+)+$' } });
  write('Bare/agent.mjs', echo.replace("'You say ' + text", 'text'));
  const schema = { type: 'string', pattern: '^(a+)+$' };
  write('Bare/tests/slow-b.json', { messages: answer, expect: { schema } });
  const { out } = await play('--json');
  project.remove('src/agents/Echo/tests/slow-a.json');
  project.remove('src/agents/Bare');
  type Case = { readonly name: string; readonly error: string | null };
  const errors = JSON.parse(out).cases.map(({ name, error }: Case) => [name, error]);
  expect(errors).toEqual([
    ['slow-b', expect.stringContaining('The pattern ^(a+)+$ takes longer than 0.5 s on this')],
    ['rain', null],
    ['slow-a', expect.stringContaining('The pattern ^You say (a+)+$ takes longer than 0.5 s')],
  ]);
});

test('fails where an agent does not load, whose cases are not played', async () => {
  write('Bad/agent.mjs', brokenAgent);
  write('Bad/tests/rain.json', caseOf('Rain', 'You say Rain'));
  const whole = await play('--junit', 'junit.xml');
  const other = await play('echo');
  project.remove('src/agents/Bad');
  expect(whole.code).toBe(1);
  expect(whole.out).toMatch(/^error: src\/agents\/Bad\/agent\.mjs:2:\d+$/m);
  expect(whole.out).toContain('default/bad does not load: its cases were not played.\n');
  expect(readFileSync(join(project.folder, 'junit.xml'), 'utf8')).toContain(
    '<testcase classname="default/bad" name="loads" time="0.000"><error message="The agent does not load.">',
  );
  expect(other).toMatchObject({ code: 0, out: expect.stringContaining('1 passed, 0 failed.') });
});

test('leaves the name of what says how an agent is tried to that file', async () => {
  const cli = inProcessCli(project.folder);
  const { code, err } = await cli('runs', 'to-test', 'run_1', '--name', 'generic');
  expect(code).toBe(2);
  expect(err).toContain('"generic" is no name of a test: use letters, digits, - and _,');
});
