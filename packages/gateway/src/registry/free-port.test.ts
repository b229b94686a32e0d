import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type TemporaryProject,
  warmTemporaryProject,
} from '../../test/support/temporary-project.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import { startTestGateway, type TestGateway } from '../testing.ts';
import type { ServedGeneration } from './catalog.ts';
import { loadFreeingPort } from './free-port.ts';
import type { GenerationOutcome } from './load-generation.ts';

const module = {
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.py',
  entry: '/p/src/agents/A/agent.py',
  folder: '/p/src/agents/A',
  name: 'A',
  language: 'python' as const,
};

const serving = { generation: 3 } as ServedGeneration;

const fails = (message: string): GenerationOutcome => {
  const finding: Finding = { stage: 'load', code: 'import_failed', severity: 'error', message };
  return { served: null, findings: [finding], watched: [] };
};

const loads: GenerationOutcome = { served: serving, findings: [], watched: [] };

const taken = fails('OSError: [Errno 98] Address already in use');

async function outcomeOf(outcomes: GenerationOutcome[], isIdle: boolean) {
  const left = [...outcomes];
  const rested: string[] = [];
  const rest = async (agentId: string, generation: number) => {
    rested.push(`${agentId}#${generation}`);
    return isIdle;
  };
  const load = async () => left.shift() ?? fails('There is no other try.');
  const { served, findings } = await loadFreeingPort({ rest }, { module, serving }, load);
  const codes = findings.map(({ code, severity }) => `${severity} ${code}`);
  return { isServed: served !== null, codes, rested, tries: outcomes.length - left.length };
}

describe('a load that finds its port taken', () => {
  test('is tried again when the idle version before has ended, and says so', async () => {
    expect(await outcomeOf([taken, loads], true)).toEqual({
      isServed: true,
      codes: ['warning port_held'],
      rested: ['default/a#3'],
      tries: 2,
    });
  });

  test('fails where runs go on in the version before, with a hint of its own', async () => {
    expect(await outcomeOf([taken, loads], false)).toEqual({
      isServed: false,
      codes: ['error port_held'],
      rested: ['default/a#3'],
      tries: 1,
    });
  });

  test('is tried no third time where somebody else holds it', async () => {
    expect(await outcomeOf([taken, taken, loads], true)).toMatchObject({
      isServed: false,
      tries: 2,
    });
  });

  test('is the only one for which anything is ended', async () => {
    const other = fails('TypeError: x is not a function');
    expect(await outcomeOf([other, loads], true)).toMatchObject({ rested: [], tries: 1 });
  });
});

describe('a file that listens on a port', () => {
  let project: TemporaryProject;
  let gateway: TestGateway;
  let port: number;

  const listening = (text: string) => `import { createServer } from 'node:http';
createServer((_request, response) => response.end('${text}')).listen(${port}, '127.0.0.1');
export const agent = { run: async () => '${text}' };
`;

  beforeAll(async () => {
    port = await freePort();
    project = warmTemporaryProject();
    project.write('gateway.yaml', 'worker: { spares: 0 }\n');
    project.write('src/agents/Web/agent.ts', listening('One.'));
    gateway = await startTestGateway({ projectRoot: project.folder });
    // On a busy machine it counts as loaded before it is.
    await gateway.gateway.refresh({ force: false });
  });

  afterAll(async () => {
    await gateway?.close();
    project.dispose();
  });

  test('is replaced by its next version', async () => {
    expect(await page(port)).toBe('One.');
    project.write('src/agents/Web/agent.ts', listening('Two.'));
    expect(await gateway.gateway.refresh({ force: false })).toMatchObject({
      loaded: ['default/web'],
      warnings: [
        { code: 'port_opened', severity: 'warning', line: 2 },
        { code: 'port_held', severity: 'warning' },
      ],
    });
    expect(await page(port)).toBe('Two.');
    expect(gateway.gateway.agents()).toMatchObject([{ status: 'ready', generation: 2 }]);
    const [line = '', ...others] = listening('Three.').split('\ncreateServer');
    const asAdvised = `${line}\nif (process.argv[1] === import.meta.filename) createServer${others.join('')}`;
    project.write('src/agents/Web/agent.ts', asAdvised);
    expect(await gateway.gateway.refresh({ force: false })).toMatchObject({
      loaded: ['default/web'],
      warnings: [],
    });
  });
});

async function page(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
