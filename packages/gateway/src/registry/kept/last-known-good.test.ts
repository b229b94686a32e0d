import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../../../test/support/manifest.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../../events.ts';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { FoundModule } from '../../protocol/module.ts';
import type { StoredGeneration } from '../../protocol/records.ts';
import type { ServedGeneration } from '../catalog.ts';
import { sha256 } from './fingerprint.ts';
import { createGenerations } from './generations.ts';
import { createLastKnownGood } from './last-known-good.ts';
import { toModuleLoad } from './module-load.ts';

const settings = {
  exportNames: ['agent'],
  upstreams: { demo: 'responses' as const },
  defaultUpstream: { name: 'demo', source: 'default' as const },
  defaultModel: null,
};

type SceneOptions = {
  readonly storeFails?: boolean;
  readonly given?: Readonly<Record<string, string>>;
  readonly missing?: readonly Finding[];
  readonly isOwn?: (agentId: string) => boolean;
};

async function scene(options: SceneOptions = {}) {
  const folder = await tempFolder({
    'A/agent.ts': 'one',
    'A/.env': 'CITY=Paris\nOPENAI_API_KEY=sk-planted',
  });
  const module: FoundModule = {
    agentId: 'default/a',
    modulePath: 'A/agent.ts',
    entry: join(folder, 'A/agent.ts'),
    folder: join(folder, 'A'),
    name: 'A',
    language: 'node',
  };
  const stored = new Map<string, StoredGeneration>();
  const events: GatewayEvent[] = [];
  const generations = createGenerations(join(folder, 'kept'));
  const fail = async () => {
    throw new Error('The disk is full.');
  };
  const lastKnownGood = createLastKnownGood({
    store: options.storeFails
      ? { list: fail, put: fail, remove: fail }
      : {
          list: async () => [...stored.values()],
          put: async (each) => void stored.set(each.agentId, each),
          remove: async (agentId) => void stored.delete(agentId),
        },
    generations,
    findRuntime: async () => ({ interpreter: null, finding: null, watched: [] }),
    giveEnv: async () => ({
      values: options.given ?? {},
      findings: options.missing ?? [],
      watched: [],
    }),
    settings: () => settings,
    emit: (event) => events.push(event),
    ...(options.isOwn ? { isOwn: options.isOwn } : {}),
  });
  const files = [{ path: module.entry, sha256: sha256(Buffer.from('one')) }];
  const envSha256 = await generations.keepNow(await readFile(join(module.folder, '.env')));
  const served: ServedGeneration = {
    generation: 7,
    conditions: 'these',
    load: toModuleLoad(module, {
      ...settings,
      generation: 7,
      interpreter: null,
      kept: null,
      keptFolder: generations.folder,
      env: {},
    }),
    manifest: sampleManifest({ files }),
    envSha256,
    loadedAtSeconds: 5,
    pinned: null,
  };
  return { folder, module, served, stored, events, generations, lastKnownGood };
}

describe('last known good', () => {
  test('lists nothing of what others keep in the same store, and leaves it there', async () => {
    const isOwn = (agentId: string) => agentId.startsWith('tool:');
    const { module, served, stored, lastKnownGood } = await scene({ isOwn });
    await lastKnownGood.keep(module, served, []);
    expect([(await lastKnownGood.list()).size, stored.size]).toEqual([0, 1]);
  });

  test('revives a generation from kept bytes, its .env too, and never an upstream key', async () => {
    const { module, served, lastKnownGood } = await scene();
    expect(await lastKnownGood.keep(module, served, [])).toBeNull();
    await rm(module.folder, { recursive: true });
    const stored = (await lastKnownGood.list()).get('default/a');
    expect(stored && (await lastKnownGood.revive(stored, module))).toMatchObject({
      generation: 7,
      conditions: 'these',
      load: {
        ...settings,
        generation: 7,
        entry: module.entry,
        env: { CITY: 'Paris' },
        kept: { [module.entry]: sha256(Buffer.from('one')) },
      },
    });
  });

  test('gives what it revives what the operator gives now, and revives nothing without that', async () => {
    const given = { CITY: 'Rome', OPENAI_API_KEY: 'sk-planted' };
    const { module, served, stored, lastKnownGood } = await scene({ given });
    await lastKnownGood.keep(module, served, []);
    const record = stored.get('default/a') as StoredGeneration;
    expect((await lastKnownGood.revive(record, module))?.load.env).toEqual({ CITY: 'Rome' });
    const missing: Finding = {
      stage: 'metadata',
      code: 'secret_missing',
      severity: 'error',
      message: 'CITY cannot be given.',
    };
    const without = await scene({ missing: [missing] });
    await without.lastKnownGood.keep(without.module, without.served, []);
    expect(await without.lastKnownGood.revive(record, without.module)).toBeNull();
  });

  test('keeps no value of .env in the store', async () => {
    const { module, served, stored, lastKnownGood } = await scene();
    await lastKnownGood.keep(module, served, []);
    expect(JSON.stringify([...stored.values()])).not.toMatch(/Paris|planted/);
  });

  test('does not revive what lost its bytes, or another module under the same id', async () => {
    const { module, served, stored, generations, lastKnownGood } = await scene();
    await lastKnownGood.keep(module, served, []);
    const record = stored.get('default/a') as StoredGeneration;
    const moved = { ...module, modulePath: 'B/agent.ts' };
    expect(await lastKnownGood.revive(record, moved)).toBeNull();
    for (const name of await readdir(generations.folder)) await rm(join(generations.folder, name));
    expect(await lastKnownGood.revive(record, module)).toBeNull();
  });

  test.each(['A/agent.ts', 'A/.env'])(
    'does not revive what has other bytes under the hash of %s',
    async (name) => {
      const { module, served, stored, generations, lastKnownGood, folder } = await scene();
      await lastKnownGood.keep(module, served, []);
      const hash = sha256(await readFile(join(folder, name)));
      await writeFile(join(generations.folder, hash), 'poisoned');
      const record = stored.get('default/a') as StoredGeneration;
      expect(await lastKnownGood.revive(record, module)).toBeNull();
    },
  );

  test('goes on without its store and says what a restart would lose', async () => {
    const { module, served, events, lastKnownGood } = await scene({ storeFails: true });
    expect(await lastKnownGood.keep(module, served, [])).toMatchObject({
      code: 'generation_not_kept',
      severity: 'warning',
      message: 'This version serves, but a restart would lose it: The disk is full.',
    });
    expect(await lastKnownGood.list()).toEqual(new Map());
    await lastKnownGood.forget('default/a');
    expect(events.map(({ type }) => type)).toEqual([
      'fault_survived',
      'fault_survived',
      'fault_survived',
    ]);
  });
});
