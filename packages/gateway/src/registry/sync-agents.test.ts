import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../../test/support/manifest.ts';
import { tempFolder, writeFiles } from '../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../events.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { Decision } from '../protocol/policy.ts';
import type { ModuleLoad, StoredGeneration } from '../protocol/records.ts';
import { createCatalog } from './catalog.ts';
import { discover } from './discovery/discover.ts';
import { createGenerations } from './kept/generations.ts';
import { createLastKnownGood } from './kept/last-known-good.ts';
import type { GenerationOutcome } from './load-generation.ts';
import { createModuleLoads } from './module-loads.ts';
import type { SwapDeps } from './swap-generation.ts';
import { createSyncAgents } from './sync-agents.ts';

const good = (module: FoundModule, generation: number): GenerationOutcome => ({
  served: {
    generation,
    load: {} as ModuleLoad,
    manifest: sampleManifest(),
    conditions: 'these',
    envSha256: null,
    loadedAtSeconds: 0,
    pinned: null,
  },
  findings: [],
  watched: [module.entry],
});

const bad = (module: FoundModule): GenerationOutcome => ({
  served: null,
  findings: [{ stage: 'load', code: 'syntax_error', severity: 'error', message: 'Bad.' }],
  watched: [module.entry],
});

async function project(files: Record<string, string>) {
  const projectRoot = await tempFolder(files);
  return scene(projectRoot, new Map());
}

/** A gateway's life on a project; what it keeps in `stored` is there for the next one. */
function scene(projectRoot: string, stored: Map<string, StoredGeneration>) {
  const catalog = createCatalog();
  const events: GatewayEvent[] = [];
  const retired: string[] = [];
  const loads: string[] = [];
  const watched: (readonly string[])[] = [];
  const state = {
    outcome: good as (module: FoundModule, generation: number) => GenerationOutcome,
    answer: 'allow' as 'allow' | 'deny',
    conditions: 'these',
    gates: new Map<string, (signal: AbortSignal) => Promise<unknown>>(),
    beforeKeeping: async () => {},
    reportedBefore: [] as readonly string[],
  };
  const emit = (event: GatewayEvent) => events.push(event);
  const generations = createGenerations(join(projectRoot, 'kept'));
  const swap: SwapDeps = {
    catalog,
    load: async (module, { generation, kept, signal }) => {
      loads.push(`${module.agentId}#${generation}${kept ? ' from kept bytes' : ''}`);
      await state.gates.get(module.agentId)?.(signal);
      return state.outcome(module, generation);
    },
    rest: async () => true,
    retire: async (agentId, generation) => {
      retired.push(`${agentId}#${generation}`);
    },
    authorize: (): Decision => ({ answer: state.answer, rule: null }),
    decide: (): Decision => ({ answer: state.answer, rule: null }),
    conditions: async () => state.conditions,
    gate: null,
    lastKnownGood: createLastKnownGood({
      store: {
        list: async () => [...stored.values()],
        put: async (each) => {
          await state.beforeKeeping();
          stored.set(each.agentId, each);
        },
        remove: async (agentId) => void stored.delete(agentId),
      },
      generations,
      findRuntime: async () => ({ interpreter: null, finding: null, watched: [] }),
      giveEnv: async () => ({ values: {}, findings: [], watched: [] }),
      settings: () => ({
        exportNames: ['agent'],
        upstreams: {},
        defaultUpstream: { name: 'demo', source: 'default' },
        defaultModel: null,
      }),
      emit,
    }),
    emit,
  };
  const sync = createSyncAgents({
    ...swap,
    loads: createModuleLoads(swap),
    discover: (serving) =>
      discover({
        projectRoot,
        roots: [join(projectRoot, 'agents')],
        defaultNamespace: 'default',
        serving,
      }),
    reportedBefore: () => state.reportedBefore,
    onSynced: (files) => watched.push(files),
  });
  return { projectRoot, catalog, events, retired, loads, state, sync, stored, watched };
}

describe('sync-agents', () => {
  test('loads what is new, and leaves alone what is unchanged', async () => {
    const { sync, loads } = await project({ 'agents/A/agent.ts': '1' });
    expect(await sync({ force: false })).toEqual({
      scanned: 1,
      unchanged: [],
      loaded: ['default/a'],
      failed: [],
      removed: [],
      warnings: [],
    });
    expect((await sync({ force: false })).unchanged).toEqual(['default/a']);
    expect(loads).toEqual(['default/a#1']);
  });

  test('swaps a changed module for its next generation and retires the one before', async () => {
    const { sync, projectRoot, retired, catalog } = await project({ 'agents/A/agent.ts': '1' });
    await sync({ force: false });
    await writeFile(join(projectRoot, 'agents/A/agent.ts'), '2');
    expect((await sync({ force: false })).loaded).toEqual(['default/a']);
    expect(catalog.get('default/a')?.served?.generation).toBe(2);
    await expect.poll(() => retired).toEqual(['default/a#1']);
  });

  test('keeps serving the good generation when the next one fails, and says so', async () => {
    const { sync, projectRoot, state, catalog, events, retired } = await project({
      'agents/A/agent.ts': '1',
    });
    await sync({ force: false });
    state.outcome = bad;
    await writeFile(join(projectRoot, 'agents/A/agent.ts'), '2');
    expect((await sync({ force: false })).failed).toEqual(['default/a']);
    expect(catalog.get('default/a')).toMatchObject({
      status: 'degraded',
      served: { generation: 1 },
    });
    expect(events.at(-1)).toMatchObject({
      type: 'findings_reported',
      servingGeneration: 1,
      findings: [{ code: 'syntax_error' }],
    });
    expect(retired).toEqual([]);
  });

  test('tries a failed module again though its files are the same', async () => {
    const { sync, state, loads } = await project({ 'agents/A/agent.ts': '1' });
    state.outcome = bad;
    await sync({ force: false });
    state.outcome = good;
    expect((await sync({ force: false })).loaded).toEqual(['default/a']);
    expect(loads).toEqual(['default/a#1', 'default/a#1']);
  });

  test('loads unchanged modules too when forced', async () => {
    const { sync, loads } = await project({ 'agents/A/agent.ts': '1' });
    await sync({ force: false });
    await sync({ force: true });
    expect(loads).toEqual(['default/a#1', 'default/a#2']);
  });

  test('removes an agent whose folder is gone, and follows one that was renamed', async () => {
    const { sync, projectRoot, catalog, retired } = await project({
      'agents/A/agent.ts': '1',
      'agents/B/agent.ts': '1',
    });
    await sync({ force: false });
    await rm(join(projectRoot, 'agents/A'), { recursive: true });
    await rename(join(projectRoot, 'agents/B'), join(projectRoot, 'agents/C'));
    const report = await sync({ force: false });
    expect(report).toMatchObject({ removed: ['default/a', 'default/b'], loaded: ['default/c'] });
    expect(catalog.list().map(({ module }) => module.agentId)).toEqual(['default/c']);
    await expect.poll(() => retired).toEqual(['default/a#1', 'default/b#1']);
  });

  test('takes back what was said of a module’s file that was renamed', async () => {
    const { sync, projectRoot, events } = await project({ 'agents/A/agent.ts': '1' });
    await sync({ force: false });
    await rename(join(projectRoot, 'agents/A/agent.ts'), join(projectRoot, 'agents/A/agent.mts'));
    const before = events.length;
    await sync({ force: false });
    const paths = events
      .slice(before)
      .flatMap((event) => (event.type === 'findings_reported' ? [event.modulePath] : []));
    expect(paths).toEqual(['agents/A/agent.ts', 'agents/A/agent.mts']);
  });

  test('does not load a module that policy refuses', async () => {
    const { sync, state, loads, catalog } = await project({ 'agents/A/agent.ts': '1' });
    state.answer = 'deny';
    expect((await sync({ force: false })).warnings).toMatchObject([{ code: 'load_denied' }]);
    expect(loads).toEqual([]);
    expect(catalog.get('default/a')?.status).toBe('failed');
  });

  test('takes back what it said of a folder that is mended', async () => {
    const { sync, projectRoot, events } = await project({
      'agents/A/agent.ts': '1',
      'agents/A/agent.js': '1',
    });
    expect((await sync({ force: false })).warnings).toMatchObject([{ code: 'two_agent_files' }]);
    await rm(join(projectRoot, 'agents/A/agent.js'));
    await sync({ force: false });
    const said = events.flatMap((event) =>
      event.type === 'findings_reported'
        ? [`${event.modulePath}: ${event.findings.map(({ code }) => code)}`]
        : [],
    );
    expect(said).toEqual(['agents/A: two_agent_files', 'agents/A: ', 'agents/A/agent.ts: ']);
  });

  test('never runs two refreshes at once', async () => {
    const { sync, projectRoot, loads } = await project({ 'agents/A/agent.ts': '1' });
    const first = sync({ force: false });
    await writeFiles(projectRoot, { 'agents/B/agent.ts': '1' });
    const [, second] = await Promise.all([first, sync({ force: false })]);
    expect(second.scanned).toBe(2);
    expect(loads.toSorted()).toEqual(['default/a#1', 'default/b#1']);
  });

  test('however many ask at once share few loads, and each is told of one that began after it asked', async () => {
    const { sync, projectRoot, loads } = await project({ 'agents/A/agent.ts': '1' });
    await sync({ force: false });
    const forced = Array.from({ length: 50 }, () => sync({ force: true }));
    await writeFiles(projectRoot, { 'agents/B/agent.ts': '1' });
    const asked = Array.from({ length: 50 }, () => sync({ force: false }));
    const last = sync({ force: true });
    expect(await Promise.all(forced)).toHaveLength(50);
    expect(new Set((await Promise.all(asked)).map(({ scanned }) => scanned))).toEqual(new Set([2]));
    expect((await last).loaded).toEqual(['default/a', 'default/b']);
    expect(loads.filter((load) => load.startsWith('default/a'))).toHaveLength(3);
  });

  test('looks only at modules that changed paths concern', async () => {
    const { sync, projectRoot, loads } = await project({
      'agents/A/agent.ts': '1',
      'agents/B/agent.ts': '1',
    });
    await sync({ force: false });
    await writeFiles(projectRoot, { 'agents/A/agent.ts': '2', 'agents/B/agent.ts': '2' });
    const changed = new Set([join(projectRoot, 'agents/B/agent.ts')]);
    expect(await sync({ force: false, changed })).toMatchObject({
      unchanged: ['default/a'],
      loaded: ['default/b'],
    });
    expect(loads.slice(2)).toEqual(['default/b#2']);
  });

  test('does not load a module again for what it writes into its folder', async () => {
    const { sync, projectRoot, loads } = await project({ 'agents/A/agent.ts': '1' });
    await sync({ force: false });
    await writeFiles(projectRoot, { 'agents/A/notes.json': '{}' });
    const changed = new Set([join(projectRoot, 'agents/A/notes.json')]);
    expect((await sync({ force: false, changed })).unchanged).toEqual(['default/a']);
    expect(loads).toHaveLength(1);
  });

  test('tries a failed module again when a source file appears in its folder, and not for others', async () => {
    const { sync, projectRoot, loads, state } = await project({ 'agents/A/agent.ts': '1' });
    state.outcome = bad;
    await sync({ force: false });
    const change = (name: string) => new Set([join(projectRoot, 'agents/A', name)]);
    await sync({ force: false, changed: change('notes.txt') });
    expect(loads).toHaveLength(1);
    await sync({ force: false, changed: change('helper.ts') });
    expect(loads).toHaveLength(2);
  });

  test('makes an edit live while another module hangs in its load', async () => {
    const { sync, projectRoot, state, catalog } = await project({
      'agents/Stuck/agent.ts': '1',
      'agents/A/agent.ts': '1',
    });
    const stuck = Promise.withResolvers<void>();
    state.gates.set('default/stuck', () => stuck.promise);
    const first = sync({ force: false });
    await expect.poll(() => catalog.get('default/a')?.status).toBe('ready');
    await writeFiles(projectRoot, { 'agents/A/agent.ts': '2' });
    const changed = new Set([join(projectRoot, 'agents/A/agent.ts')]);
    expect((await sync({ force: false, changed })).loaded).toEqual(['default/a']);
    expect(catalog.get('default/a')?.served?.generation).toBe(2);
    stuck.resolve();
    expect((await first).loaded.toSorted()).toEqual(['default/a', 'default/stuck']);
  });

  test('starts a load over when the module is edited meanwhile', async () => {
    const { sync, projectRoot, state, catalog, loads } = await project({
      'agents/A/agent.ts': '1',
    });
    const aborted = (signal: AbortSignal) =>
      new Promise((resolve) => signal.addEventListener('abort', resolve));
    state.gates.set('default/a', aborted);
    const first = sync({ force: false });
    await expect.poll(() => loads).toHaveLength(1);
    state.gates.clear();
    await writeFiles(projectRoot, { 'agents/A/agent.ts': '2' });
    const changed = new Set([join(projectRoot, 'agents/A/agent.ts')]);
    expect((await sync({ force: false, changed })).loaded).toEqual(['default/a']);
    expect((await first).loaded).toEqual(['default/a']);
    expect(catalog.get('default/a')).toMatchObject({ status: 'ready', served: { generation: 1 } });
  });

  test('brings nothing back whose folder went while it was loaded', async () => {
    const { sync, projectRoot, state, catalog, loads, stored, retired } = await project({
      'agents/A/agent.ts': '1',
    });
    const gate = Promise.withResolvers<void>();
    state.gates.set('default/a', () => gate.promise);
    const first = sync({ force: false });
    await expect.poll(() => loads).toHaveLength(1);
    await rm(join(projectRoot, 'agents/A'), { recursive: true });
    expect((await sync({ force: false })).removed).toEqual(['default/a']);
    gate.resolve();
    expect(await first).toMatchObject({ loaded: [], failed: [] });
    expect([catalog.list(), [...stored.keys()]]).toEqual([[], []]);
    expect(retired).toEqual(['default/a#1']);
  });

  test('brings nothing back whose folder went while its version was kept', async () => {
    const { sync, projectRoot, state, catalog, stored, retired } = await project({
      'agents/A/agent.ts': '1',
    });
    const keeping = Promise.withResolvers<void>();
    const kept = Promise.withResolvers<void>();
    state.beforeKeeping = async () => {
      keeping.resolve();
      await kept.promise;
    };
    const first = sync({ force: false });
    await keeping.promise;
    await rm(join(projectRoot, 'agents/A'), { recursive: true });
    expect((await sync({ force: false })).removed).toEqual(['default/a']);
    kept.resolve();
    expect(await first).toMatchObject({ loaded: [], failed: [] });
    expect([catalog.list(), [...stored.keys()]]).toEqual([[], []]);
    expect(retired).toEqual(['default/a#1']);
  });

  test('keeps at a refresh what could not be kept when it was loaded, and loads nothing', async () => {
    const { sync, state, loads, stored, catalog, events } = await project({
      'agents/A/agent.ts': '1',
    });
    state.beforeKeeping = async () => {
      throw new Error('The disk is full.');
    };
    const said = () =>
      events
        .flatMap((event) => (event.type === 'findings_reported' ? [event.findings] : []))
        .at(-1);
    expect((await sync({ force: false })).loaded).toEqual(['default/a']);
    await sync({ force: false });
    expect(said()).toMatchObject([{ code: 'generation_not_kept', severity: 'warning' }]);
    state.beforeKeeping = async () => {};
    await sync({ force: false });
    expect([said(), catalog.get('default/a')?.findings]).toEqual([[], []]);
    expect([...stored.keys()]).toEqual(['default/a']);
    expect(loads).toEqual(['default/a#1']);
  });

  test.each([
    ['the future', 4_000_000_000],
    ['the past', 1],
  ])(
    'loads a file whose time jumps to %s once, and again only when it is edited',
    async (_when, seconds) => {
      const { sync, projectRoot, loads } = await project({ 'agents/A/agent.ts': '1' });
      const file = join(projectRoot, 'agents/A/agent.ts');
      await sync({ force: false });
      for (const text of ['2', '2', '3']) {
        await writeFile(file, text);
        await utimes(file, seconds, seconds);
        await sync({ force: false });
        await sync({ force: false, changed: new Set([file]) });
      }
      expect(loads).toEqual(['default/a#1', 'default/a#2', 'default/a#3']);
    },
  );

  test('tells of a module that changes with each load, until it stands still', async () => {
    const { sync, projectRoot, catalog, loads, state } = await project({
      'agents/A/agent.ts': '0',
    });
    const file = join(projectRoot, 'agents/A/memory.json');
    const manifest = sampleManifest({ files: [{ path: file, sha256: 'of what was loaded' }] });
    state.outcome = (module, generation) => {
      const { served, ...rest } = good(module, generation);
      const watched = [module.entry, file];
      return { ...rest, served: served && { ...served, manifest }, watched };
    };
    state.gates.set('default/a', () => writeFile(file, String(loads.length)));
    await sync({ force: false });
    for (let load = 2; load <= 5; load += 1) {
      await sync({ force: false, changed: new Set([file]) });
    }
    expect(loads).toHaveLength(5);
    expect(catalog.get('default/a')).toMatchObject({
      status: 'ready',
      served: { generation: 5 },
      findings: [{ code: 'reloads_without_end', severity: 'warning', file }],
    });
    await expect.poll(() => catalog.get('default/a')?.findings).toEqual([]);
  });

  test('says nothing new of a module whose load was given up because the gateway closes', async () => {
    const { sync, projectRoot, state, catalog, events } = await project({
      'agents/A/agent.ts': '1',
    });
    await sync({ force: false });
    await writeFile(join(projectRoot, 'agents/A/agent.ts'), '2');
    state.outcome = () => ({ served: null, findings: [], watched: [], gaveUp: true });
    const before = events.length;
    expect(await sync({ force: false })).toMatchObject({ loaded: [], failed: [] });
    expect(events.slice(before)).toEqual([]);
    expect(catalog.get('default/a')?.served?.generation).toBe(1);
  });

  test('waits for a load under way at a refresh, and does not begin another', async () => {
    const { sync, state, loads } = await project({ 'agents/A/agent.ts': '1' });
    const gate = Promise.withResolvers<void>();
    state.gates.set('default/a', () => gate.promise);
    const first = sync({ force: false });
    await expect.poll(() => loads).toHaveLength(1);
    const second = sync({ force: false });
    gate.resolve();
    expect((await second).loaded).toEqual(['default/a']);
    expect((await first).loaded).toEqual(['default/a']);
    expect(loads).toHaveLength(1);
  });

  test('names every file whose change is a reason to look again', async () => {
    const { sync, projectRoot, watched } = await project({ 'agents/A/agent.ts': '1' });
    await sync({ force: false });
    expect(watched.at(-1)).toEqual([join(projectRoot, 'agents/A/agent.ts')]);
  });
});

describe('sync-agents after a restart', () => {
  async function restarted(change: (projectRoot: string) => Promise<unknown> = async () => {}) {
    const projectRoot = await tempFolder({ 'agents/A/agent.ts': '1' });
    const stored = new Map<string, StoredGeneration>();
    const before = scene(projectRoot, stored);
    await before.sync({ force: false });
    await change(projectRoot);
    return scene(projectRoot, stored);
  }

  test('serves what was kept without a load', async () => {
    const { sync, loads, catalog } = await restarted();
    expect((await sync({ force: false })).unchanged).toEqual(['default/a']);
    expect(loads).toEqual([]);
    expect(catalog.get('default/a')).toMatchObject({ status: 'ready', served: { generation: 1 } });
  });

  test('loads what was edited meanwhile, and keeps the old one when that fails', async () => {
    const { sync, loads, catalog, state } = await restarted((folder) =>
      writeFile(join(folder, 'agents/A/agent.ts'), 'broken'),
    );
    state.outcome = bad;
    expect((await sync({ force: false })).failed).toEqual(['default/a']);
    expect(loads).toEqual(['default/a#2']);
    expect(catalog.get('default/a')).toMatchObject({
      status: 'degraded',
      served: { generation: 1 },
    });
  });

  test('leaves an edit for a refresh where edits wait for one', async () => {
    const { sync, loads, catalog } = await restarted((folder) =>
      writeFile(join(folder, 'agents/A/agent.ts'), '2'),
    );
    await sync({ force: false, leaveEdits: true });
    expect(loads).toEqual([]);
    await sync({ force: false });
    expect(catalog.get('default/a')?.served?.generation).toBe(2);
  });

  test('loads anew under other conditions, from the kept bytes where edits wait', async () => {
    const first = await restarted();
    first.state.conditions = 'others';
    await first.sync({ force: false });
    expect(first.loads).toEqual(['default/a#2']);
    const second = await restarted();
    second.state.conditions = 'others';
    await second.sync({ force: false, leaveEdits: true });
    expect(second.loads).toEqual(['default/a#2 from kept bytes']);
  });

  test('looks at settings alone when they change where edits wait', async () => {
    const { sync, loads, catalog, state, projectRoot } = await restarted();
    await sync({ force: false, leaveEdits: true });
    await writeFiles(projectRoot, { 'agents/A/agent.ts': '2', 'agents/New/agent.ts': '1' });
    const changed = new Set(['/settings']);
    await sync({ force: false, leaveEdits: true, changed });
    expect(loads).toEqual([]);
    state.conditions = 'others';
    await sync({ force: false, leaveEdits: true, changed });
    expect(loads).toEqual(['default/a#2 from kept bytes']);
    expect(catalog.get('default/new')).toBeUndefined();
  });

  test('takes back what was told of what is in order by now, or gone, and of nothing else', async () => {
    const { sync, events, state } = await restarted((folder) =>
      writeFiles(folder, { 'agents/New/agent.ts': '1', 'agents/Typo/Agent.ts': '1' }),
    );
    const bad = 'agents/New/agent.ts';
    state.reportedBefore = [
      'agents/A/agent.ts',
      'agents/Gone/agent.ts',
      'gateway.yaml',
      'agents/Typo',
      bad,
    ];
    await sync({ force: false });
    const said = events.flatMap((event) =>
      event.type === 'findings_reported'
        ? [`${event.modulePath}: ${event.findings.map(({ code }) => code)}`]
        : [],
    );
    expect(said).toEqual([
      'agents/A/agent.ts: ',
      'agents/Gone/agent.ts: ',
      'gateway.yaml: ',
      'agents/Typo: agent_file_wrong_case',
      `${bad}: `,
    ]);
    await sync({ force: false });
    expect(events.filter(({ type }) => type === 'findings_reported')).toHaveLength(6);
  });

  test('forgets an agent whose folder went away meanwhile', async () => {
    const { sync, stored, catalog } = await restarted((folder) =>
      rm(join(folder, 'agents/A'), { recursive: true }),
    );
    await sync({ force: false });
    expect(catalog.list()).toEqual([]);
    expect([...stored.keys()]).toEqual([]);
  });
});
