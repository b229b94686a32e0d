import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../../test/support/manifest.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { createModuleRuntimes } from '../dependencies/module-runtime.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import { sha256 } from './kept/fingerprint.ts';
import { createGenerations } from './kept/generations.ts';
import type { GivenEnv } from './kept/given-env.ts';
import type { LoadGenerationDeps } from './load-generation.ts';
import { createLoadGeneration } from './load-generation.ts';

const { signal } = new AbortController();
const withoutPython = createModuleRuntimes({
  stateFolder: '/nowhere',
  python: null,
  environment: {},
});

async function scene(
  prepare: (load: ModuleLoad) => ReturnType<LoadGenerationDeps['prepare']>,
  dependencies: readonly Finding[] = [],
  given = (): GivenEnv => ({ values: {}, findings: [], watched: [] }),
) {
  const folder = await tempFolder({ 'A/agent.ts': 'one', 'A/.env': 'CITY=Paris' });
  const module: FoundModule = {
    agentId: 'default/a',
    modulePath: 'A/agent.ts',
    entry: join(folder, 'A/agent.ts'),
    folder: join(folder, 'A'),
    name: 'A',
    language: 'node',
  };
  const closing = new AbortController();
  const loads: ModuleLoad[] = [];
  const retired: number[] = [];
  const load = createLoadGeneration({
    prepare: (job) => {
      loads.push(job);
      return prepare(job);
    },
    retire: async (_agentId, generation) => {
      retired.push(generation);
    },
    projectRoot: folder,
    generations: createGenerations(join(folder, 'kept')),
    findRuntime: withoutPython.findRuntime,
    settings: () => ({
      exportNames: ['agent'],
      upstreams: { demo: 'responses' },
      defaultUpstream: { name: 'demo', source: 'default' },
      defaultModel: null,
    }),
    conditions: (values) => `these ${JSON.stringify(values)}`,
    giveEnv: async () => given(),
    checkDependencies: async () => dependencies,
    nowMs: () => 5_000,
    signal: closing.signal,
  });
  return { folder, module, load, loads, retired, close: () => closing.abort() };
}

async function loadedFrom(entry: string) {
  const bytes = await readFile(entry);
  return {
    type: 'loaded' as const,
    manifest: sampleManifest({ files: [{ path: entry, sha256: sha256(bytes) }] }),
  };
}

describe('load-generation', () => {
  test('serves what was loaded from kept bytes, and gives the module its .env', async () => {
    const { load, loads, module, folder } = await scene((job) => loadedFrom(job.entry));
    const result = await load(module, { generation: 4, kept: null, signal });
    expect(loads[0]).toMatchObject({ generation: 4, env: { CITY: 'Paris' }, kept: null });
    expect(result.served).toMatchObject({
      generation: 4,
      loadedAtSeconds: 5,
      load: { kept: { [module.entry]: sha256(Buffer.from('one')) } },
    });
    expect(result.watched).toEqual([
      join(folder, 'A/.env'),
      join(folder, 'A/package.json'),
      join(folder, 'A/node_modules/.package-lock.json'),
      '/node_modules/.package-lock.json',
      module.entry,
      module.entry,
    ]);
    const env = await readFile(join(folder, 'kept', result.served?.envSha256 ?? ''), 'utf8');
    expect(env).toBe('CITY=Paris');
  });

  test('watches of what a module names only what lies in the project, and so much', async () => {
    const names = [
      '/',
      '../..',
      '/etc/passwd',
      'link',
      '../data',
      'prompt.md',
      'later/prompt.md',
      ...Array.from({ length: 2000 }, (_, index) => `${index}.md`),
    ];
    const { load, module, folder } = await scene(async (job) => {
      const loaded = await loadedFrom(job.entry);
      const files = [...loaded.manifest.files, { path: '/', sha256: sha256(Buffer.from('one')) }];
      return { ...loaded, manifest: { ...loaded.manifest, files, settings: { watch: names } } };
    });
    await symlink('/etc', join(module.folder, 'link'));
    const { watched, findings } = await load(module, { generation: 1, kept: null, signal });
    expect(watched.slice(5, 10)).toEqual([
      module.entry,
      join(folder, 'data'),
      join(folder, 'A/prompt.md'),
      join(folder, 'A/later/prompt.md'),
      join(folder, 'A/0.md'),
    ]);
    expect(watched).toHaveLength(5 + 1 + 96);
    expect(findings).toMatchObject([
      {
        code: 'not_watched',
        severity: 'warning',
        message:
          '`__gateway__.watch` names / and 3 more outside of the project, which is not watched.',
      },
      {
        code: 'not_watched',
        message: '`__gateway__.watch` names 2007 files, of which the first 100 are watched.',
      },
    ]);
  });

  test('loads the bytes of another generation instead of what lies on disk', async () => {
    const { load, loads, module } = await scene((job) => loadedFrom(job.entry));
    const { served } = await load(module, { generation: 1, kept: null, signal });
    await load(module, { generation: 2, kept: served, signal });
    expect(loads[1]).toMatchObject({
      generation: 2,
      env: { CITY: 'Paris' },
      kept: { [module.entry]: sha256(Buffer.from('one')) },
    });
  });

  test('gives a module what the operator gives it, over its own, from kept bytes too', async () => {
    let values: GivenEnv['values'] = { CITY: 'Rome', SERVICE_KEY: 'one' };
    const { load, loads, module } = await scene(
      (job) => loadedFrom(job.entry),
      [],
      () => ({ values, findings: [], watched: [] }),
    );
    const { served } = await load(module, { generation: 1, kept: null, signal });
    expect(served?.conditions).toBe('these {"CITY":"Rome","SERVICE_KEY":"one"}');
    values = { OPENAI_API_KEY: 'sk-planted' };
    await load(module, { generation: 2, kept: served, signal });
    expect(loads.map(({ env }) => env)).toEqual([
      { CITY: 'Rome', SERVICE_KEY: 'one' },
      { CITY: 'Paris' },
    ]);
  });

  test('loads again with what was given while it was loaded', async () => {
    let key = 'one';
    const { load, loads, module } = await scene(
      async (job) => {
        key = 'two';
        return loadedFrom(job.entry);
      },
      [],
      () => ({ values: { SERVICE_KEY: key }, findings: [], watched: [] }),
    );
    const { served } = await load(module, { generation: 1, kept: null, signal });
    expect(loads.map(({ env }) => env.SERVICE_KEY)).toEqual(['one', 'two']);
    expect(served?.conditions).toBe('these {"SERVICE_KEY":"two"}');
  });

  test('does not load a module that is not given what it is to be', async () => {
    const finding: Finding = {
      stage: 'metadata',
      code: 'secret_missing',
      severity: 'error',
      message: 'KEY cannot be given to this agent: the file key is not there.',
    };
    const { load, loads, module } = await scene(
      (job) => loadedFrom(job.entry),
      [],
      () => ({ values: {}, findings: [finding], watched: ['/settings', '/key'] }),
    );
    const result = await load(module, { generation: 1, kept: null, signal });
    expect(result).toMatchObject({ served: null, findings: [finding] });
    expect(result.watched.slice(-2)).toEqual(['/settings', '/key']);
    expect(loads).toEqual([]);
  });

  test('does not load a module whose dependencies are missing', async () => {
    const missing: Finding = {
      stage: 'dependencies',
      code: 'missing_dependency',
      severity: 'error',
      message: 'nanoid is missing.',
    };
    const { load, loads, module } = await scene((job) => loadedFrom(job.entry), [missing]);
    const result = await load(module, { generation: 1, kept: null, signal });
    expect(result).toMatchObject({ served: null, findings: [missing] });
    expect(loads).toEqual([]);
  });

  test('says so when the gateway itself cannot go on', async () => {
    const full = Object.assign(new Error('No space left.'), { code: 'ENOSPC' });
    const { load, module } = await scene(() => Promise.reject(full));
    const result = await load(module, { generation: 1, kept: null, signal });
    expect(result.findings).toMatchObject([
      {
        code: 'load_broke_off',
        message: 'The gateway could not load it: No space left.',
        hint: 'Make room on the disk that holds .dropgate. It is tried again every few seconds.',
      },
    ]);
  });

  test.each([
    ['is given up', () => Promise.reject(new Error('The gateway is stopping.'))],
    ['fails', async () => ({ type: 'load_failed' as const, findings: [], files: [] })],
  ])('finds nothing out where the load %s because the gateway closes', async (_how, outcome) => {
    const { load, module, close } = await scene(async () => {
      close();
      return outcome();
    });
    expect(await load(module, { generation: 1, kept: null, signal })).toEqual({
      served: null,
      findings: [],
      watched: [],
      gaveUp: true,
    });
  });

  test('loads again when a file changed while it was loaded', async () => {
    let first = true;
    const { load, loads, retired, module } = await scene(async (job) => {
      const result = await loadedFrom(job.entry);
      if (first) await writeFile(job.entry, 'two');
      first = false;
      return result;
    });
    const result = await load(module, { generation: 1, kept: null, signal });
    expect(loads).toHaveLength(2);
    expect(retired).toEqual([1]);
    expect(result.served?.load.kept).toEqual({ [module.entry]: sha256(Buffer.from('two')) });
  });

  test('gives up on files that never stand still, and says what to do', async () => {
    let edits = 0;
    const { load, module } = await scene(async (job) => {
      const result = await loadedFrom(job.entry);
      edits += 1;
      await writeFile(job.entry, `edit ${edits}`);
      return result;
    });
    const { served, findings } = await load(module, { generation: 1, kept: null, signal });
    expect(served).toBeNull();
    expect(findings).toMatchObject([
      { code: 'files_keep_changing', hint: 'Stop what writes into the folder, then refresh.' },
    ]);
    expect(edits).toBe(3);
  });

  test('watches the files of a module that failed', async () => {
    const { load, module, folder } = await scene(async () => ({
      type: 'load_failed',
      findings: [{ stage: 'load', code: 'syntax_error', severity: 'error', message: 'Bad.' }],
      files: [join('/elsewhere', 'helper.ts')],
    }));
    const result = await load(module, { generation: 1, kept: null, signal });
    expect(result).toMatchObject({ served: null, findings: [{ code: 'syntax_error' }] });
    expect(result.watched).toEqual([
      module.entry,
      join(folder, 'A/.env'),
      join(folder, 'A/package.json'),
      join(folder, 'A/node_modules/.package-lock.json'),
      '/node_modules/.package-lock.json',
      '/elsewhere/helper.ts',
    ]);
  });

  test('says that there is no Python for an agent in Python', async () => {
    const { load, loads, module } = await scene((job) => loadedFrom(job.entry));
    const result = await load(
      { ...module, language: 'python' },
      { generation: 1, kept: null, signal },
    );
    expect(result.findings).toMatchObject([{ code: 'python_missing' }]);
    expect(loads).toEqual([]);
  });
});
