import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startCli } from '../support/cli-process.ts';
import { startNpmRegistry } from '../support/npm-registry.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { writeWheel } from '../support/wheel.ts';
import { call, diagnosticsOf, type Reply, untilAnswered } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';

const reason = await missingPython();

/** Says the word of the package it has, and which process says so. */
const inPython = `import os
import words


class Speaker:
    def run(self, messages):
        return f"{words.text} {os.getpid()}"


agent = Speaker()
`;
const inTypeScript = `import words from 'words';

export const agent = { run: () => \`\${words} \${process.pid}\` };
`;

const speakers = [
  { model: 'default/first', word: 'One.' },
  { model: 'default/second', word: 'Two.' },
  { model: 'default/third', word: 'Three.' },
  { model: 'default/fourth', word: 'Four.' },
];

describe.skipIf(reason !== null)('agents of both languages with packages of their own', () => {
  test('lack them, get them, and each has its own version, whatever becomes of the others', async () => {
    const gateway = await startGateway({
      files: {
        'src/agents/First/agent.py': inPython,
        'src/agents/First/requirements.txt': 'words>=1,<2\n',
        'src/agents/Second/agent.py': inPython,
        'src/agents/Second/pyproject.toml': '[project]\ndependencies = ["words~=2.0"]\n',
        'src/agents/Third/agent.ts': inTypeScript,
        'src/agents/Third/package.json': '{"dependencies":{"words":"^3.0.0"}}',
        'src/agents/Fourth/agent.ts': inTypeScript,
        'src/agents/Fourth/package.json': '{"dependencies":{"words":"^4.0.0"}}',
      },
    });
    onTestFinished(() => gateway.stop());
    const { root } = gateway.project;
    const wheels = join(root, 'wheels');
    writeWheel(wheels, 'words', '1.0', 'text = "One."\n');
    writeWheel(wheels, 'words', '2.0', 'text = "Two."\n');
    const npm = await startNpmRegistry([words('3.0.0', 'Three.'), words('4.0.0', 'Four.')]);
    const ask = (model: string) => call(gateway, gateway.key, { model });

    expect(await ask('default/first')).toMatchObject({ status: 503 });
    expect(await diagnosticsOf(gateway, 'default/first')).toMatchObject([
      {
        stage: 'dependencies',
        code: 'missing_dependency',
        line: 1,
        message: 'requirements.txt asks for words (>=1,<2), which is not installed.',
        hint: 'Run `dropgate deps install default/first`.',
      },
    ]);
    const refresh = await gateway.fetch('/agents/refresh', { method: 'POST' });
    expect(JSON.stringify(await refresh.json())).toContain('pyproject.toml asks for words (~=2.0)');

    // pip is kept from the network.
    const env = { ...npm.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels };
    const { code, out } = await startCli(root, ['deps', 'install'], { env }).ended;
    expect(out).toContain('default/first: installed');
    expect(out).toContain('in src/agents/Second/.venv.');
    expect(out).toContain('in src/agents/Fourth/node_modules.');
    expect(code).toBe(0);
    for (const { model, word } of speakers) {
      await until(`${model} to answer`, async () => (await ask(model)).content.startsWith(word));
    }
    expect(await diagnosticsOf(gateway, 'default/first')).toEqual([]);

    for (const victim of ['default/first', 'default/third']) await expectAlone(gateway, victim);
  });
});

const words = (version: string, text: string) => ({
  name: 'words',
  version,
  files: { 'index.js': `module.exports = ${JSON.stringify(text)};\n` },
});

/** Asks all at once and kills the process of one meanwhile: the others never fail, and it comes back. */
async function expectAlone(gateway: TestGateway, victim: string): Promise<void> {
  const requests = 40;
  const answers = new Map<string, Reply[]>(speakers.map(({ model }) => [model, []]));
  const askInTurn = async (model: string, asker: number) => {
    for (let sent = 0; sent < requests; sent += 1) {
      const reply = await call(gateway, gateway.key, { model, stream: sent % 2 === 0 });
      answers.get(model)?.push(reply);
      if (model === victim && asker === 0 && sent === 10) {
        process.kill(Number(reply.content.split(' ')[1]), 'SIGKILL');
      }
    }
  };
  await Promise.all(speakers.flatMap(({ model }) => [askInTurn(model, 0), askInTurn(model, 1)]));
  for (const { model, word } of speakers) {
    const replies = answers.get(model) ?? [];
    expect(replies).toHaveLength(2 * requests);
    const said = replies.map(({ content, error }) => content.split(' ')[0] || error?.code);
    const expected = model === victim ? [word, 'agent_error', 'agent_unavailable'] : [word];
    expect(expected).toEqual(expect.arrayContaining([...new Set(said)]));
    const processes = new Set(replies.flatMap(({ content }) => content.split(' ')[1] ?? []));
    if (model !== victim) expect(processes.size).toBe(1);
    expect(await untilAnswered(gateway, { model })).toMatch(word);
  }
}
