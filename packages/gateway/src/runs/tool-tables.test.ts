import { expect, test } from 'vitest';
import { sampleManifest } from '../../test/support/manifest.ts';
import { compileRules } from '../policy/rules/rule-set.ts';
import { createToolTables, type ToolUser } from './tool-tables.ts';

const rules = compileRules([]);
const manifest = sampleManifest();

function userOf(generation: number): ToolUser {
  return {
    agentId: 'labs/a',
    modulePath: 'src/agents/labs/A/agent.ts',
    generation,
    manifest,
    key: {
      type: 'key',
      id: 'key_1',
      name: 'alice',
      role: 'caller',
      namespaces: null,
      agents: null,
    },
    request: { metadata: {} },
  };
}

test('a table is the same for each run of a key, also after very many generations', () => {
  const tables = createToolTables({ rules: () => rules, nowSeconds: () => 1000 });
  for (let generation = 1; generation <= 10_001; generation += 1) tables.of(userOf(generation));
  expect(tables.of(userOf(10_001))).toBe(tables.of(userOf(10_001)));
});
