import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../../test/support/manifest.ts';
import { tempFolder, writeFiles } from '../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../events.ts';
import type { Decision, ModuleLoad } from '../protocol/records.ts';
import { createCatalog } from './catalog.ts';
import type { FoundModule } from './discover.ts';
import type { LoadAgentResult } from './load-agent.ts';
import { createSyncAgents } from './sync-agents.ts';

const good = (module: FoundModule, generation: number): LoadAgentResult => ({
  served: {
    generation,
    load: {} as ModuleLoad,
    manifest: sampleManifest(),
    loadedAtSeconds: 0,
  },
  findings: [],
  watched: [module.entry],
});

const bad = (module: FoundModule): LoadAgentResult => ({
  served: null,
  findings: [{ stage: 'load', code: 'syntax_error', severity: 'error', message: 'Bad.' }],
  watched: [module.entry],
});

async function project(files: Record<string, string>) {
  const projectRoot = await tempFolder(files);
  const catalog = createCatalog();
  const events: GatewayEvent[] = [];
  const retired: string[] = [];
  const loads: string[] = [];
  const state = { outcome: good as typeof good | typeof bad, answer: 'allow' as 'allow' | 'deny' };
  const sync = createSyncAgents({
    discovery: { projectRoot, roots: [join(projectRoot, 'agents')], defaultNamespace: 'default' },
    catalog,
    load: async (module, generation) => {
      loads.push(`${module.agentId}#${generation}`);
      return state.outcome(module, generation);
    },
    retire: async (agentId, generation) => {
      retired.push(`${agentId}#${generation}`);
    },
    authorize: (): Decision => ({ answer: state.answer, rule: null }),
    emit: (event) => events.push(event),
  });
  return { projectRoot, catalog, events, retired, loads, state, sync };
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
    expect(retired).toEqual(['default/a#1']);
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
    expect(retired).toEqual(['default/a#1', 'default/b#1']);
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
    expect(said).toEqual([
      'agents/A/agent.js: two_agent_files',
      'agents/A/agent.js: ',
      'agents/A/agent.ts: ',
    ]);
  });

  test('never runs two refreshes at once', async () => {
    const { sync, projectRoot, loads } = await project({ 'agents/A/agent.ts': '1' });
    const first = sync({ force: false });
    await writeFiles(projectRoot, { 'agents/B/agent.ts': '1' });
    const [, second] = await Promise.all([first, sync({ force: false })]);
    expect(second.scanned).toBe(2);
    expect(loads.toSorted()).toEqual(['default/a#1', 'default/b#1']);
  });
});
