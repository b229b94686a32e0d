import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../../test/support/manifest.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { CatalogEntry } from './catalog.ts';
import { createCatalog } from './catalog.ts';

function entry(agentId: string, status: CatalogEntry['status'] = 'ready'): CatalogEntry {
  const module = {
    agentId,
    modulePath: `src/agents/${agentId}/agent.ts`,
    entry: `/p/src/agents/${agentId}/agent.ts`,
    folder: `/p/src/agents/${agentId}`,
    name: agentId,
    language: 'node' as const,
  };
  const served = {
    generation: 1,
    load: {} as ModuleLoad,
    manifest: sampleManifest(),
    conditions: 'c',
    envSha256: null,
    loadedAtSeconds: 0,
    pinned: null,
  };
  return { module, status, served: status === 'ready' ? served : null, findings: [], prints: [] };
}

const all = () => true;

describe('catalog', () => {
  test('finds an agent by its full id in any case, and by its bare name', async () => {
    const catalog = createCatalog();
    catalog.put(entry('default/a'));
    expect((await catalog.find('Default/A', all))?.module.agentId).toBe('default/a');
    expect((await catalog.find('a', all))?.module.agentId).toBe('default/a');
  });

  test('takes a bare name that two namespaces have for neither', async () => {
    const catalog = createCatalog();
    catalog.put(entry('default/a'));
    catalog.put(entry('labs/a'));
    catalog.markScanned();
    expect(await catalog.find('a', all)).toBeUndefined();
  });

  test('tells agents of one bare name apart by what the caller may see', async () => {
    const catalog = createCatalog();
    catalog.put(entry('secret/a'));
    catalog.put(entry('labs/a'));
    catalog.markScanned();
    const inLabs = (agentId: string) => agentId.startsWith('labs/');
    expect((await catalog.find('a', inLabs))?.module.agentId).toBe('labs/a');
    expect(await catalog.find('a', () => false)).toBeUndefined();
  });

  test('answers for an unknown id only after the first discovery', async () => {
    const catalog = createCatalog();
    const order: string[] = [];
    const search = catalog.find('default/a', all).then((found) => {
      order.push(`found ${found?.module.agentId}`);
    });
    catalog.put(entry('default/a'));
    order.push('scanned');
    catalog.markScanned();
    await search;
    expect(order).toEqual(['scanned', 'found default/a']);
  });

  test('waits for a module that loads for the first time, until it is ready', async () => {
    const catalog = createCatalog();
    catalog.put(entry('default/a', 'loading'));
    catalog.markScanned();
    const search = catalog.find('default/a', all);
    catalog.put(entry('default/a'));
    expect((await search)?.status).toBe('ready');
  });

  test('lets go of who waits for a module that is removed', async () => {
    const catalog = createCatalog();
    catalog.put(entry('default/a', 'loading'));
    catalog.markScanned();
    const search = catalog.find('default/a', all);
    catalog.remove('default/a');
    expect(await search).toBeUndefined();
  });

  test('lists by id', () => {
    const catalog = createCatalog();
    catalog.put(entry('labs/b'));
    catalog.put(entry('default/a'));
    expect(catalog.list().map(({ module }) => module.agentId)).toEqual(['default/a', 'labs/b']);
  });
});
