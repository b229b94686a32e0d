import { describe, expect, test } from 'vitest';
import type { CatalogEntry } from '../catalog.ts';
import { concerns } from './concerns.ts';

function entry(status: CatalogEntry['status']): CatalogEntry {
  return {
    module: {
      agentId: 'default/a',
      modulePath: 'agents/A/agent.ts',
      entry: '/p/agents/A/agent.ts',
      folder: '/p/agents/A',
      name: 'A',
      language: 'node',
    },
    status,
    served: null,
    findings: [],
    prints: ['/p/agents/A/agent.ts', '/p/shared/helper.ts'].map((path) => ({
      path,
      size: 1,
      mtimeMs: 1,
      changedMs: 1,
      sha256: 'x',
    })),
  };
}

const touches = (status: CatalogEntry['status'], path: string) =>
  concerns(new Set([path]), entry(status));

describe('a module is concerned by', () => {
  test.each(['/p/agents/A/agent.ts', '/p/shared/helper.ts', '/p/agents/A'])(
    'a change of %s, whether it serves or not',
    (path) => {
      expect([touches('ready', path), touches('failed', path)]).toEqual([true, true]);
    },
  );

  test.each(['/p/agents/A/new-helper.ts', '/p/agents/A/lib/data.json', '/p/agents/A/.env'])(
    '%s only while it does not serve its latest files',
    (path) => {
      expect([touches('ready', path), touches('degraded', path)]).toEqual([false, true]);
    },
  );

  test.each(['/p/agents/A/log.txt', '/p/agents/AB/agent.ts', '/p/agents'])('%s never', (path) => {
    expect([touches('ready', path), touches('failed', path)]).toEqual([false, false]);
  });
});
