import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../../test/support/manifest.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../events.ts';
import { createAuthorize } from '../policy/authorize.ts';
import { builtInRules } from '../policy/rules/built-in.ts';
import { decide } from '../policy/rules/decide.ts';
import { namespaceRules } from '../policy/rules/namespaces.ts';
import { compileRules } from '../policy/rules/rule-set.ts';
import type { Rule } from '../protocol/policy.ts';
import type { ModuleLoad, StoredGeneration } from '../protocol/records.ts';
import { createCatalog } from './catalog.ts';
import { discover } from './discovery/discover.ts';
import { createFollowPolicy } from './follow-policy.ts';
import { createGenerations } from './kept/generations.ts';
import { createLastKnownGood } from './kept/last-known-good.ts';
import { createModuleLoads } from './module-loads.ts';
import type { SwapDeps } from './swap-generation.ts';
import { createSyncAgents } from './sync-agents.ts';

const hashOf = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const path = 'agents/labs/A/agent.ts';

/** Modules of `labs` that may load, and no others. */
const only = (...allow: string[]) => namespaceRules({ labs: { modules: { allow } } });

/** A gateway's life on a project; `stored` outlives it. */
function life(projectRoot: string, more: { rules?: readonly Rule[]; leaveEdits?: boolean } = {}) {
  const stored = new Map<string, StoredGeneration>();
  return begin({ projectRoot, stored, leaveEdits: more.leaveEdits ?? false }, more.rules ?? []);
}

type Place = {
  readonly projectRoot: string;
  readonly stored: Map<string, StoredGeneration>;
  readonly leaveEdits: boolean;
};

function begin(place: Place, startRules: readonly Rule[]) {
  const { projectRoot, stored, leaveEdits } = place;
  const entry = join(projectRoot, path);
  let rules = compileRules([...builtInRules(), ...startRules]);
  const events: GatewayEvent[] = [];
  const emit = (event: GatewayEvent) => void events.push(event);
  const state = { beforeLoad: async () => {}, loads: [] as string[], retired: [] as string[] };
  const catalog = createCatalog();
  const retire = async (agentId: string, generation: number) => {
    state.retired.push(`${agentId}#${generation}`);
  };
  const generations = createGenerations(join(projectRoot, 'kept'));
  const policy = {
    decide: (question: Parameters<typeof decide>[1]) => decide(rules, question, 0),
    authorize: (question: Parameters<typeof decide>[1]) =>
      createAuthorize({ rules: () => rules, nowSeconds: () => 0, emit })(question, null),
  };
  const swap: SwapDeps = {
    async load(module, { generation, kept }) {
      await state.beforeLoad();
      const known = kept?.manifest.files[0]?.sha256;
      state.loads.push(`#${generation}${known ? ' from kept bytes' : ''}`);
      const sha256 = known ?? hashOf(readFileSync(module.entry));
      const manifest = sampleManifest({ files: [{ path: module.entry, sha256 }] });
      const served = {
        generation,
        manifest,
        conditions: 'these',
        envSha256: null,
        loadedAtSeconds: 0,
        pinned: null,
        load: {} as ModuleLoad,
      };
      return { served, findings: [], watched: [module.entry] };
    },
    gate: null,
    lastKnownGood: createLastKnownGood({
      store: {
        list: async () => [...stored.values()],
        put: async (each) => void stored.set(each.agentId, each),
        remove: async (agentId) => void stored.delete(agentId),
      },
      findRuntime: async () => ({ interpreter: null, finding: null, watched: [] }),
      giveEnv: async () => ({ values: {}, findings: [], watched: [] }),
      settings: () => ({
        exportNames: ['agent'],
        upstreams: {},
        defaultModel: null,
        defaultUpstream: { name: 'demo', source: 'default' },
      }),
      generations,
      emit,
    }),
    conditions: async () => 'these',
    ...policy,
    catalog,
    retire,
    rest: async () => true,
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
    reportedBefore: () => [],
    onSynced: () => {},
  });
  const follow = createFollowPolicy({ ...policy, catalog, retire, sync, leaveEdits, emit });
  const entryNow = () => catalog.get('labs/a');
  const change = (...changed: readonly Rule[]) => {
    rules = compileRules([...builtInRules(), ...changed]);
    follow();
  };
  const isReady = () => expect.poll(() => entryNow()?.status).toBe('ready');
  const restart = (...changed: readonly Rule[]) => begin(place, changed);
  return { entry, events, state, sync, entryNow, change, isReady, restart };
}

/** What was decided about loading, as `allow rule`. */
function decisions(events: readonly GatewayEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'access_decided' ? `${event.decision.answer} ${event.decision.rule?.id}` : [],
  );
}

describe('a module that may not load', () => {
  test('is listed as failed, with the rule and the way out', async () => {
    const root = await tempFolder({ [path]: '1' });
    const { sync, entryNow, state, events } = life(root, { rules: only('agents/labs/B/*') });
    expect((await sync({ force: false })).failed).toEqual(['labs/a']);
    expect(state.loads).toEqual([]);
    expect(entryNow()).toMatchObject({ status: 'failed', served: null });
    expect(entryNow()?.findings).toMatchObject([
      {
        stage: 'policy',
        code: 'load_denied',
        message: `Policy does not let ${path} load (rule namespace:labs:modules:others: The default of the namespace).`,
        hint: `Add "${path}" to security.namespaces.labs.modules.allow in gateway.yaml, or only this version as "sha256:${hashOf('1')}"; for a while, an override that allows load_module does.`,
      },
    ]);
    expect(events[0]).toMatchObject({
      type: 'access_decided',
      question: { action: 'load_module', resource: path, aliases: [`sha256:${hashOf('1')}`] },
      decision: { answer: 'deny' },
    });
  });

  test('is tried again when the rules let it, and not decided about aloud before', async () => {
    const root = await tempFolder({ [path]: '1' });
    const { sync, change, isReady, events } = life(root, { rules: only('nothing') });
    await sync({ force: false });
    change(...only('nothing'));
    change(...only(path));
    await isReady();
    expect(decisions(events)).toEqual([
      'deny namespace:labs:modules:others',
      'allow namespace:labs:modules',
    ]);
  });

  test('loads in exactly the version that is pinned, and an edit leaves that serving', async () => {
    const root = await tempFolder({ [path]: '1' });
    const pinned = only(`sha256:${hashOf('1')}`);
    const { sync, entry, entryNow } = life(root, { rules: pinned });
    expect((await sync({ force: false })).loaded).toEqual(['labs/a']);
    await writeFile(entry, '2');
    expect((await sync({ force: false })).failed).toEqual(['labs/a']);
    expect(entryNow()).toMatchObject({ status: 'degraded', served: { generation: 1 } });
  });

  test('is not served where its file is swapped between the decision and the load', async () => {
    const root = await tempFolder({ [path]: '1' });
    const { sync, entry, entryNow, state } = life(root, { rules: only(`sha256:${hashOf('1')}`) });
    state.beforeLoad = () => writeFile(entry, '2');
    expect((await sync({ force: false })).failed).toEqual(['labs/a']);
    expect(entryNow()).toMatchObject({ served: null, findings: [{ code: 'load_denied' }] });
    expect(state.retired).toEqual(['labs/a#1']);
  });

  test('is not served where the rules change while it loads', async () => {
    const root = await tempFolder({ [path]: '1' });
    const { sync, change, entryNow, state } = life(root);
    state.beforeLoad = async () => change(...only('nothing'));
    expect((await sync({ force: false })).failed).toEqual(['labs/a']);
    expect(entryNow()).toMatchObject({ served: null, findings: [{ code: 'load_denied' }] });
    expect(state.retired).toEqual(['labs/a#1']);
  });
});

describe('a module that serves when the rules deny it', () => {
  test('is withdrawn at once, its runs may end, and comes back as a new generation', async () => {
    const root = await tempFolder({ [path]: '1' });
    const { sync, change, isReady, entryNow, state, events } = life(root);
    await sync({ force: false });
    change(...only('nothing'));
    expect(entryNow()).toMatchObject({
      status: 'failed',
      served: null,
      findings: [{ code: 'load_denied' }],
    });
    expect(events.at(-1)).toMatchObject({ type: 'findings_reported', servingGeneration: null });
    await expect.poll(() => state.retired).toEqual(['labs/a#1']);
    change();
    await isReady();
    expect(entryNow()).toMatchObject({ served: { generation: 2 }, findings: [] });
    expect(state.loads).toEqual(['#1', '#2']);
    expect(decisions(events)).toEqual([
      'allow modules-below-the-roots-load',
      'deny namespace:labs:modules:others',
      'allow modules-below-the-roots-load',
    ]);
  });

  test('comes back as it was where edits wait for a refresh', async () => {
    const root = await tempFolder({ [path]: '1' });
    const { sync, change, isReady, entry, state } = life(root, { leaveEdits: true });
    await sync({ force: false });
    change(...only('nothing'));
    await writeFile(entry, '2');
    change();
    await isReady();
    expect(state.loads).toEqual(['#1', '#2 from kept bytes']);
  });

  test('comes back as it was where its edit is not allowed', async () => {
    const root = await tempFolder({ [path]: '1' });
    const { sync, change, isReady, entry, state } = life(root);
    await sync({ force: false });
    change(...only('nothing'));
    await writeFile(entry, '2');
    change(...only(`sha256:${hashOf('1')}`));
    await isReady();
    expect(state.loads).toEqual(['#1', '#2 from kept bytes']);
  });

  test('stays away after a restart, and comes back from what was kept', async () => {
    const root = await tempFolder({ [path]: '1' });
    const before = life(root, { leaveEdits: true });
    await before.sync({ force: false });
    const after = before.restart(...only('nothing'));
    expect((await after.sync({ force: false, leaveEdits: true })).failed).toEqual(['labs/a']);
    expect(after.entryNow()).toMatchObject({ status: 'failed', served: null });
    expect(after.state.loads).toEqual([]);
    after.change();
    await after.isReady();
    expect(after.state.loads).toEqual(['#2 from kept bytes']);
  });
});
