import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startCli } from '../support/cli-process.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { writeWheel } from '../support/wheel.ts';
import { call, diagnosticsOf } from './call.ts';
import { startGateway } from './harness.ts';
import { until } from './until.ts';

const reason = await missingPython();

const sayingWords = `import words


class Speaker:
    def run(self, messages):
        return words.text


agent = Speaker()
`;

describe.skipIf(reason !== null)('agents in Python with packages of their own', () => {
  test('lack them, get them, and each has its own version', { timeout: 240_000 }, async () => {
    const gateway = await startGateway({
      files: {
        'src/agents/First/agent.py': sayingWords,
        'src/agents/First/requirements.txt': 'words>=1,<2\n',
        'src/agents/Second/agent.py': sayingWords,
        'src/agents/Second/pyproject.toml': '[project]\ndependencies = ["words~=2.0"]\n',
      },
    });
    onTestFinished(() => gateway.stop());
    const { root } = gateway.project;
    const wheels = join(root, 'wheels');
    writeWheel(wheels, 'words', '1.0', 'text = "One."\n');
    writeWheel(wheels, 'words', '2.0', 'text = "Two."\n');
    const ask = (model: string) => call(gateway, gateway.key, { model });

    expect(await ask('default/first')).toMatchObject({ status: 503 });
    expect(await diagnosticsOf(gateway, 'default/first')).toMatchObject([
      {
        ...{ stage: 'dependencies', code: 'missing_dependency', line: 1 },
        message: 'requirements.txt asks for words (>=1,<2), which is not installed.',
        hint: 'Run `dropgate deps install default/first`.',
      },
    ]);
    const refresh = await gateway.fetch('/agents/refresh', { method: 'POST' });
    expect(JSON.stringify(await refresh.json())).toContain('pyproject.toml asks for words (~=2.0)');

    // pip is kept from the network.
    const env = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels };
    const { code, out } = await startCli(root, ['deps', 'install'], { env }).ended;
    expect(out).toContain('default/first: installed');
    expect(out).toContain('in src/agents/Second/.venv.');
    expect(code).toBe(0);
    await until('the first to answer', async () => (await ask('default/first')).content === 'One.');
    await until('the second too', async () => (await ask('default/second')).content === 'Two.');
    expect(await diagnosticsOf(gateway, 'default/first')).toEqual([]);
  });
});
