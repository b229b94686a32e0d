import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sampleManifest } from '../../../test/support/manifest.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayError } from '../../errors.ts';
import type { FoundModule } from '../../protocol/module.ts';
import type { KeptGenerationFiles } from '../../protocol/state/approval-store.ts';
import { openStore } from '../../storage/open-store.ts';
import { createCatalog, type ServedGeneration } from '../catalog.ts';
import { filesHashOf } from './files-hash.ts';
import { createFindAgain } from './find-again.ts';
import { sha256 } from './fingerprint.ts';
import { createGenerations } from './generations.ts';
import { createInterruptedFiles } from './interrupted-files.ts';
import { createLastKnownGood } from './last-known-good.ts';
import { toModuleLoad } from './module-load.ts';

const settings = {
  exportNames: ['agent'],
  upstreams: { demo: 'responses' as const },
  defaultUpstream: { name: 'demo', source: 'default' as const },
  defaultModel: null,
};

const first = sha256(Buffer.from('one'));

/** An agent that served two versions; a run of the first one waits, whose bytes the store has. */
async function scene() {
  const folder = await tempFolder({ 'A/agent.ts': 'one', 'A/.env': 'CITY=Paris' });
  const module: FoundModule = {
    agentId: 'default/a',
    modulePath: 'A/agent.ts',
    entry: join(folder, 'A/agent.ts'),
    folder: join(folder, 'A'),
    name: 'A',
    language: 'node',
  };
  const store = await openStore(`sqlite:${join(folder, 'gateway.db')}`);
  onTestFinished(() => store.close());
  const kept = join(folder, 'kept');
  const generations = createGenerations(kept);
  const catalog = createCatalog();
  const lastKnownGood = createLastKnownGood({
    store: store.generations,
    generations,
    findRuntime: async () => ({ interpreter: null, finding: null, watched: [] }),
    giveEnv: async () => ({ values: {}, findings: [], watched: [] }),
    settings: () => settings,
    emit: () => undefined,
  });
  const files = createInterruptedFiles({
    catalog,
    lastKnownGood,
    generations,
    store: store.approvals,
  });
  const serve = async (generation: number, text: string) => {
    await writeFile(module.entry, text);
    const served: ServedGeneration = {
      generation,
      conditions: 'these',
      load: toModuleLoad(module, {
        ...settings,
        generation,
        interpreter: null,
        kept: null,
        keptFolder: generations.folder,
        env: {},
      }),
      manifest: sampleManifest({
        files: [{ path: module.entry, sha256: sha256(Buffer.from(text)) }],
      }),
      envSha256: await generations.keepNow(await readFile(join(module.folder, '.env'))),
      loadedAtSeconds: 5,
      pinned: null,
    };
    catalog.put({ module, status: 'ready', served, prints: [], findings: [] });
    await lastKnownGood.keep(module, served, []);
    return served;
  };
  const loaded = await serve(1, 'one');
  const filesHash = (await files.hashOf({ ...module, ...loaded })) ?? '';
  const keep = (runId: string, of: string, bytes: KeptGenerationFiles | null) => {
    const run = {
      runId,
      keyId: 'key_1',
      user: null,
      agentId: 'default/a',
      modulePath: module.modulePath,
      generation: 1,
      filesHash: of,
      conversationId: null,
      prefixHash: null,
      state: '{}',
      input: '{}',
      createdMs: 1,
      expiresMs: 2,
      grants: [],
    };
    return store.approvals.keep({ run, approvals: [], clientCalls: [] }, bytes);
  };
  await keep('run_1', filesHash, await files.bytesOf('default/a', filesHash));
  const second = await serve(2, 'two');
  const rules = { answer: 'allow', rule: null } as const;
  const findAgain = createFindAgain({
    catalog,
    lastKnownGood,
    decide: () => rules,
    authorize: () => rules,
    emit: () => undefined,
    restore: files.restore,
  });
  return {
    module,
    kept,
    files,
    keep,
    loaded,
    second,
    store,
    filesHash,
    find: () => findAgain('default/a', { type: 'recorded', filesHash, generation: 0 }),
    bytesOf: async ({ load }: ServedGeneration) =>
      (await generations.read(load.kept?.[module.entry] ?? ''))?.toString(),
    /** Nothing of it is on this machine any more. */
    async forget() {
      await store.generations.remove('default/a');
      for (const name of await readdir(kept)) await rm(join(kept, name));
    },
  };
}

test('what a run was interrupted on is found where it is kept here, though another version serves', async () => {
  const { find, filesHash, loaded, second, bytesOf } = await scene();
  expect(filesHash).toBe(filesHashOf(loaded));
  const { served } = await find();
  expect(served).toMatchObject({ generation: 1 });
  expect(served).not.toBe(second);
  expect(await bytesOf(served)).toBe('one');
});

test('it comes from the store where nothing of it is here, under a number that no other version has', async () => {
  const { find, bytesOf, forget, kept } = await scene();
  await forget();
  const { served } = await find();
  expect(await bytesOf(served)).toBe('one');
  expect(served.generation).toBeGreaterThanOrEqual(1_000_000_000);
  expect(served.load.env).toEqual({ CITY: 'Paris' });
  await expect(find()).resolves.toMatchObject({ served: { generation: served.generation } });
  expect(await readdir(kept)).toHaveLength(2);
});

test('it is found for a project that lies elsewhere, as another gateway on the same store has it', async () => {
  const { store, filesHash, files, module, keep } = await scene();
  const record = (await store.approvals.generation('default/a', filesHash)) ?? expect.unreachable();
  const stored = [{ ...record.manifest.files[0], path: '/elsewhere/A/agent.ts', sha256: first }];
  const manifest = { ...record.manifest, files: stored };
  const bytes = new Map([[first, Buffer.from('one')]]);
  await keep('run_2', 'f2', { record: { ...record, filesHash: 'f2', manifest }, files: bytes });
  const restored = await files.restore('default/a', 'f2');
  expect(restored?.manifest.files).toMatchObject([{ path: module.entry, sha256: first }]);
  const other = { ...manifest, files: [{ path: '/elsewhere/B/agent.ts', sha256: first }] };
  const moved = { ...record, filesHash: 'f3', manifest: other };
  await keep('run_3', 'f3', { record: moved, files: bytes });
  expect(await files.restore('default/a', 'f3')).toBeNull();
});

test('it is gone where its variables are others by now', async () => {
  const { find, forget, module, store, filesHash } = await scene();
  await forget();
  const record = await store.approvals.generation('default/a', filesHash);
  expect(JSON.stringify(record)).not.toContain('Paris');
  await writeFile(join(module.folder, '.env'), 'CITY=Rome');
  expect(await failure(find())).toMatchObject({ code: 'generation_gone' });
});

function failure(work: Promise<unknown>): Promise<GatewayError> {
  return work.then(
    () => expect.unreachable('It went well.'),
    (error: GatewayError) => error,
  );
}
