import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import {
  copyModule,
  moduleLoad,
  startNodeWorker,
  writeModule,
} from '../../../test/support/node-worker.ts';
import { tempFolder, writeFiles } from '../../../test/support/temp-folder.ts';

const { findingOf, manifestOf } = useLoadHost();

describe('a module that is loaded unmodified, far from the gateway and with nothing installed', () => {
  test('is described with its tools, its files and their hashes', async () => {
    const folder = await copyModule('Hello');
    const manifest = await manifestOf(moduleLoad(folder, 'agent.ts'));
    expect(manifest).toMatchObject({
      kind: 'agent',
      exportName: 'agent',
      exports: ['agent'],
      model: { name: null, source: 'default' },
      upstream: { name: 'openai', source: 'config' },
      sdk: { version: '0.20.0', own: false },
      runtime: { name: 'node', version: process.versions.node },
      warnings: [],
    });
    expect(manifest.agents).toEqual([
      {
        name: 'Hello',
        model: null,
        tools: [
          {
            name: 'get_weather',
            type: 'function',
            description: 'The weather of a city.',
            needsApproval: false,
          },
          {
            name: 'delete_all',
            type: 'function',
            description: 'Deletes everything.',
            needsApproval: true,
          },
        ],
        handoffs: [],
        inputGuardrails: [],
        outputGuardrails: [],
        outputType: 'text',
        mcpServers: [],
      },
    ]);
    const files = ['agent.ts', 'units.ts'].map((file) => join(folder, file));
    expect(manifest.files).toEqual([
      { path: files[0], sha256: await sha256OfFile(files[0] ?? '') },
      { path: files[1], sha256: await sha256OfFile(files[1] ?? '') },
    ]);
  });

  test('is the root of a handoff graph with its specialists', async () => {
    const folder = await copyModule('HandoffDesk');
    const manifest = await manifestOf(moduleLoad(folder, 'agent.ts'));
    expect(manifest.exportName).toBe('triage');
    expect(manifest.agents.map(({ name, model, handoffs }) => ({ name, model, handoffs }))).toEqual(
      [
        { name: 'Triage', model: null, handoffs: ['Billing', 'Refunds'] },
        { name: 'Billing', model: null, handoffs: [] },
        { name: 'Refunds', model: 'gpt-5.4-mini', handoffs: [] },
      ],
    );
  });

  test('may be an export of Agent Builder: a type imported as a value, guardrails, a client at the top', async () => {
    const folder = await copyModule('BuilderExport');
    const manifest = await manifestOf(moduleLoad(folder, 'agent.ts'));
    expect(manifest).toMatchObject({ kind: 'workflow', exportName: 'runWorkflow', agents: [] });
    expect(manifest.files.map(({ path }) => path)).toEqual([join(folder, 'agent.ts')]);
    expect(manifest.warnings).toMatchObject([{ code: 'tool_stub', severity: 'warning', line: 14 }]);
  });

  test('may use agents as tools', async () => {
    const folder = await copyModule('AgentTools');
    const { agents, exportName } = await manifestOf(moduleLoad(folder, 'agent.mts'));
    expect(exportName).toBe('default');
    expect(agents[0]?.tools.map(({ name }) => name)).toEqual(['to_spanish', 'to_french']);
  });

  test('may be CommonJS that requires scripts and JSON', async () => {
    const folder = await copyModule('CommonJs');
    const manifest = await manifestOf(moduleLoad(folder, 'agent.cjs'));
    expect(manifest).toMatchObject({ exportName: 'agent', exports: ['agent', 'helper'] });
    expect(manifest.agents[0]?.name).toBe('Hi there');
    expect(manifest.sdk?.path).toMatch(/index\.js$/);
    expect(manifest.files.map(({ path }) => path)).toEqual(
      ['agent.cjs', 'greeting.js', 'data.json'].map((file) => join(folder, file)),
    );
  });

  test.each([
    [
      'TSX with a factory of its own',
      'Tsx',
      'agent.tsx',
      '<prompt><rule>Be brief.</rule><rule>Be kind.</rule></prompt>',
    ],
    ['JSON imports', 'JsonImport', 'agent.ts', 'From JSON'],
    ['paths of a tsconfig that extends another', 'TsPaths', 'agent.ts', 'Mapped'],
    ['top-level await and dynamic imports', 'TopLevelAwait', 'agent.ts', 'Awaited!'],
    [
      'enums, namespaces, old decorators and CommonJS names',
      'Legacy',
      'agent.ts',
      'tone text plain Legacy agent.ts',
    ],
    [
      'a client of its own, made from the environment',
      'OwnClient',
      'agent.ts',
      'http://127.0.0.1:9/v1',
    ],
    ['an async factory, beside classes of the SDK', 'FactoryAsync', 'agent.ts', 'Built 1'],
  ])('may use %s', async (_what, name, file, agentName) => {
    const folder = await copyModule(name);
    const manifest = await manifestOf(moduleLoad(folder, file));
    expect(manifest.agents.map((agent) => agent.name)).toEqual([agentName]);
    expect(manifest.warnings).toEqual([]);
  });

  test('may be an object with `run` and no SDK', async () => {
    const folder = await copyModule('Runnable');
    const manifest = await manifestOf(moduleLoad(folder, 'agent.ts'));
    expect(manifest).toMatchObject({
      kind: 'runnable',
      exportName: 'agent',
      agents: [],
      sdk: null,
    });
  });

  test('may be TypeScript written as CommonJS', async () => {
    const load = await writeModule({
      'agent.ts': `import sdk = require('@openai/agents');\nexport = { agent: new sdk.Agent({ name: 'Assigned', instructions: 'x' }) };`,
    });
    expect((await manifestOf(load)).agents[0]?.name).toBe('Assigned');
  });

  test('loads as an ES module though package.json says CommonJS', async () => {
    const load = await writeModule({
      'agent.ts': `import { Agent } from '@openai/agents';\nimport { name } from './name.js';\nexport default new Agent({ name, instructions: 'x' });`,
      'name.ts': `export const name = 'Module';`,
      'package.json': '{ "type": "commonjs" }',
    });
    const manifest = await manifestOf(load);
    expect(manifest.agents[0]?.name).toBe('Module');
    expect(manifest.sdk?.path).toMatch(/index\.mjs$/);
  });

  test('prefers its own packages to those of the gateway', async () => {
    const load = await writeModule({
      'agent.ts': `import { brand } from 'zod';\nexport const agent = { run: () => brand };\nif (brand !== 'mine') throw new Error(brand);`,
      'node_modules/zod/package.json': '{ "name": "zod", "version": "9.9.9", "main": "index.js" }',
      'node_modules/zod/index.js': `exports.brand = 'mine';`,
    });
    expect((await manifestOf(load)).kind).toBe('runnable');
  });

  test('runs on the copy of the SDK that its own file resolved', async () => {
    const load = await writeModule({
      'agent.ts': `import { Agent } from '@openai/agents';\nexport const agent = new Agent();`,
      'node_modules/@openai/agents/package.json':
        '{ "name": "@openai/agents", "version": "0.1.11", "type": "module", "exports": "./index.js" }',
      'node_modules/@openai/agents/index.js': `
        export const calls = [];
        export const setOpenAIAPI = (api) => calls.push(api);
        export const setTraceProcessors = (list) => calls.push(list.length);
        export class Agent {
          name = 'Old'; tools = []; handoffs = [];
          get outputSchemaName() { return calls.join(); }
          getSystemPrompt() {} getAllTools() {} asTool() {} clone() {} processFinalOutput() {}
        }`,
    });
    const { sdk, agents } = await manifestOf(load);
    expect(sdk).toEqual({
      version: '0.1.11',
      path: join(load.folder, 'node_modules/@openai/agents/index.js'),
      own: true,
    });
    expect(agents[0]?.outputType).toBe('0,responses');
  });

  test('finds files through links and names them by where they really are', async () => {
    const folder = await copyModule('Hello');
    const link = join(await tempFolder(), 'Linked');
    await symlink(folder, link);
    const { files } = await manifestOf(moduleLoad(link, 'agent.ts'));
    expect(files.map(({ path }) => path)).toEqual([
      join(folder, 'agent.ts'),
      join(folder, 'units.ts'),
    ]);
  });

  test.each([
    [
      'agent.ts',
      `import { Agent } from '@openai/agents';\nimport { gatewayTool } from 'dropgate/agent';`,
    ],
    [
      'agent.cjs',
      `const { Agent } = require('@openai/agents');\nconst { gatewayTool } = require('dropgate/agent');`,
    ],
  ])('may take gateway tools from `dropgate/agent`: %s', async (file, imports) => {
    const make = `new Agent({ name: 'T', instructions: 'x', tools: [gatewayTool('fetch_doc')] })`;
    const exported = file.endsWith('.ts') ? 'export default ' : 'module.exports = ';
    const load = await writeModule({ [file]: `${imports}\n${exported}${make};` });
    const [agent] = (await manifestOf(load)).agents;
    expect(agent?.tools.map(({ name }) => name)).toEqual(['fetch_doc']);
  });
});

describe('settings of a module', () => {
  test('apply where they are right and warn, with the line, where they are not', async () => {
    const folder = await copyModule('GatewayMeta');
    const manifest = await manifestOf(moduleLoad(folder, 'agent.ts'));
    expect(manifest).toMatchObject({
      exportName: 'meta',
      settings: {
        model: 'local-model',
        upstream: 'local',
        displayName: 'Meta',
        toolEvents: 'extension',
        clientSettings: ['temperature', 'topP'],
      },
      model: { name: 'local-model', source: '__gateway__' },
      upstream: { name: 'local', source: '__gateway__' },
    });
    expect(manifest.agents[0]?.model).toBe('local-model');
    expect(manifest.warnings.map(({ code, line }) => ({ code, line }))).toEqual([
      { code: 'bad_metadata', line: 9 },
      { code: 'unknown_metadata', line: 10 },
    ]);
  });

  test('leave the default upstream in charge where they name an unknown one', async () => {
    const load = await writeModule({
      'agent.ts': `export const __gateway__ = { upstream: 'mars' };\nexport const agent = { run: () => 'x' };`,
    });
    const manifest = await manifestOf(load);
    expect(manifest.upstream).toEqual({ name: 'openai', source: 'config' });
    expect(manifest.warnings[0]).toMatchObject({
      code: 'unknown_upstream',
      severity: 'warning',
      hint: 'Use one of "openai", "local", or add it under `upstreams` in gateway.yaml.',
    });
  });

  test('yield to nothing: the agent, then the gateway, then the environment name the model', async () => {
    const folder = await copyModule('Hello');
    const load = moduleLoad(folder, 'agent.ts', {
      defaultModel: { name: 'configured', source: 'config' },
    });
    expect((await manifestOf(load)).model).toEqual({ name: 'configured', source: 'config' });
    const env = { ...load.env, OPENAI_DEFAULT_MODEL: 'of-dot-env' };
    expect((await manifestOf({ ...load, env })).model).toEqual({
      name: 'of-dot-env',
      source: 'environment',
    });
  });

  test('keep a hosted tool from an upstream that cannot run it', async () => {
    const folder = await copyModule('HostedTool');
    expect((await manifestOf(moduleLoad(folder, 'agent.ts'))).agents[0]?.tools[0]?.type).toBe(
      'hosted_tool',
    );
    const local = { name: 'local', source: 'config' } as const;
    const finding = await findingOf(moduleLoad(folder, 'agent.ts', { defaultUpstream: local }));
    expect(finding).toMatchObject({
      stage: 'load',
      code: 'hosted_tool_needs_responses',
      severity: 'error',
    });
  });
});

test('the environment of a module is its own: `.env`, its token, and no more', async () => {
  const load = await writeModule(
    {
      'agent.ts': `console.log(JSON.stringify({ cwd: process.cwd(), env: process.env }));\nexport const agent = { run: () => 'x' };`,
    },
    { env: { OPENAI_API_KEY: 'token', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', CITY: 'Paris' } },
  );
  const projectRoot = await tempFolder();
  await mkdir(join(projectRoot, 'src'));
  await writeFiles(projectRoot, { 'src/x.txt': '' });
  const worker = await startNodeWorker(projectRoot);
  expect((await worker.load(load)).type).toBe('loaded');
  worker.send({ type: 'shutdown' });
  const { code, output } = await worker.ended;
  expect(code).toBe(0);
  const { cwd, env } = JSON.parse(output) as { cwd: string; env: Record<string, string> };
  expect(cwd).toBe(load.folder);
  expect(env).toMatchObject({ OPENAI_API_KEY: 'token', CITY: 'Paris' });
  const given = ['NODE_COMPILE_CACHE', 'PATH'];
  const names = Object.keys(env).filter((name) => !given.includes(name));
  expect(names.sort()).toEqual(['CITY', 'OPENAI_API_KEY', 'OPENAI_BASE_URL']);
});

async function sha256OfFile(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
