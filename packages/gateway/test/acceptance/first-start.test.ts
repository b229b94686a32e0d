import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { processesIn } from './processes.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

const workspaceRoot = dirname(dirname(packageRoot));
const run = promisify(execFile);

describe('the first start in a folder', () => {
  let project: Project;
  let gateway: TestGateway;

  beforeAll(async () => {
    project = await createProject({
      'src/agents/Broken/agent.ts':
        "import { Agent } from '@openai/agents';\nexport const agent = new Agent({\n",
    });
    await project.copy(join(workspaceRoot, 'src/agents/SampleAgent'), 'src/agents/SampleAgent');
    gateway = await startGateway({ project });
    await until('the whole banner', () => /Try it/.test(banner(gateway.logs())));
  });
  afterAll(async () => {
    await gateway?.stop();
    await project?.remove();
  });

  test('prints a curl that gets SampleAgent’s answer when pasted', async () => {
    const { stdout } = await run('sh', ['-c', `${printedCurl(gateway.logs())} --silent --fail`]);
    const answer = JSON.parse(stdout);
    expect(answer.model).toBe('default/sampleagent');
    expect(answer.choices[0].message.content).toMatch(/\w/);
    expect(answer.choices[0].finish_reason).toBe('stop');
  });

  test('prints its address, its agents and that no real model answers', () => {
    expect(gateway.logs()).toContain(gateway.url);
    expect(gateway.logs()).toContain('default/sampleagent');
    expect(gateway.logs()).toMatch(/demo\b.*no language model/);
    expect(gateway.logs()).toContain('OPENAI_API_KEY');
  });

  test('prints what did not load, with file and line', () => {
    expect(gateway.logs()).toMatch(/src\/agents\/Broken\/agent\.ts:\d+/);
  });

  test('keeps its key and address for the owner alone', async () => {
    for (const name of ['dev-key', 'gateway.json']) {
      const { mode } = await stat(join(project.root, '.dropgate', name));
      expect(mode & 0o777).toBe(0o600);
    }
  });

  test('ends with 0 on SIGTERM, nothing left running, and starts again with the same key', async () => {
    const firstKey = gateway.key;
    expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await processesIn(project.root)).toEqual([]);
    gateway = await startGateway({ project });
    expect(gateway.key).toBe(firstKey);
    expect((await gateway.fetch('/v1/models')).status).toBe(200);
  });
});

/** The banner that knows all agents: where one takes long to load, there is another before it. */
function banner(logs: string): string {
  const last = logs.slice(logs.lastIndexOf('Dropgate in '));
  return last.includes('Still loading') ? '' : last;
}

/** The command the banner prints: it ends with an empty line. */
function printedCurl(logs: string): string {
  const printed = /^ *(curl .*?)\n\s*\n/ms.exec(banner(logs));
  return printed?.[1] ?? expect.unreachable('No curl was printed.');
}
