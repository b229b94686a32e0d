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

describe('a broken tool that is a single file', () => {
  const tool = (file: string): CatalogEntry => {
    const { module, ...rest } = entry('failed');
    const at = `/p/src/tools/${file}`;
    return {
      ...rest,
      module: {
        ...module,
        agentId: 'tool:a',
        modulePath: `src/tools/${file}`,
        entry: at,
        folder: at.slice(0, at.lastIndexOf('/')),
        serves: 'tool',
      },
      prints: [],
    };
  };
  const concernsFile = (path: string) => concerns(new Set([`/p/src/tools/${path}`]), tool('a.ts'));

  test.each(['a.ts', '_shared.ts', 'lib/helper.ts', 'lib/data.json', '.env', 'requirements.txt'])(
    'is concerned by %s, which may mend it',
    (path) => expect(concernsFile(path)).toBe(true),
  );

  test.each(['b.ts', 'other.py', 'c/tool.ts'])('and not by %s, which gives another', (path) =>
    expect(concernsFile(path)).toBe(false),
  );

  test('while one in a folder of its own is by all in it', () => {
    expect(concerns(new Set(['/p/src/tools/a/b.ts']), tool('a/tool.ts'))).toBe(true);
  });
});
