import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliProcess, startCli } from '../support/cli-process.ts';
import { type TemporaryProject, warmTemporaryProject } from '../support/temporary-project.ts';

const asking = (content: string, text: string) =>
  `messages: [{ role: user, content: ${content} }]\nexpect: { text: ${text} }\n`;

let project: TemporaryProject;
let watching: CliProcess;

beforeAll(() => {
  project = warmTemporaryProject();
  project.write('src/lib/word.mjs', `export const word = 'say';\n`);
  project.write(
    'src/agents/Echo/agent.mjs',
    `import { word } from '../../lib/word.mjs';
export const agent = {
  run: async ({ messages }) => {
    const text = messages.at(-1).content;
    return text === 'Pid' ? 'Process ' + process.pid + '.' : 'You ' + word + ' ' + text;
  },
};
`,
  );
  project.write('src/agents/Echo/tests/hi.yaml', asking('Hi', 'You say Hi'));
  project.write(
    'src/agents/Other/agent.mjs',
    `export const agent = { run: async () => 'Yes.' };\n`,
  );
  project.write('src/agents/Other/tests/yes.yaml', asking('Well?', '"Yes."'));
  watching = startCli(project.folder, ['test', '--watch', '--only', 'cases']);
});
afterAll(async () => {
  watching.child.kill('SIGKILL');
  await watching.ended;
  project.dispose();
});

test('tests again what an edit concerns, and leaves nothing running when it is told to stop', async () => {
  await watching.until('Waiting for changes. Ctrl-C ends it.');
  project.write('src/lib/word.mjs', `export const word = 'shout';\n`);
  await watching.until('+ You shout Hi');
  project.write('src/agents/Echo/tests/ho.yaml', asking('Ho', 'You shout Ho'));
  await watching.until('src/agents/Echo/tests/ho.yaml');
  project.write('src/agents/Echo/tests/pid.yaml', asking('Pid', 'none'));
  const [, pid] = /\+ Process (\d+)\./.exec(await watching.until('+ Process ')) ?? [];
  watching.child.kill('SIGINT');
  const { code, out } = await watching.ended;
  expect(code).toBe(0);
  expect(out.split('\n').filter((line) => /^(passed|failed)/.test(line))).toEqual([
    'passed  default/echo  src/agents/Echo/tests/hi.yaml',
    'passed  default/other  src/agents/Other/tests/yes.yaml',
    'failed  default/echo  src/agents/Echo/tests/hi.yaml',
    'passed  default/echo  src/agents/Echo/tests/ho.yaml',
    'failed  default/echo  src/agents/Echo/tests/pid.yaml',
  ]);
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
});

test('tells people, not scripts', async () => {
  const { code, err } = await startCli(project.folder, ['test', '--watch', '--junit', 'a.xml'])
    .ended;
  expect(code).toBe(2);
  expect(err).toContain('--watch tells people what happens: leave --json and --junit out.');
});
