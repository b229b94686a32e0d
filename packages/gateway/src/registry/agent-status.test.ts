import { expect, test } from 'vitest';
import { sampleManifest } from '../../test/support/manifest.ts';
import type { FilePrint, ModuleLoad } from '../protocol/records.ts';
import { agentStatus } from './agent-status.ts';
import type { CatalogEntry } from './catalog.ts';

const path = '/p/src/agents/A/agent.ts';
const module = {
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  entry: path,
  folder: '/p/src/agents/A',
  name: 'A',
  language: 'node' as const,
};

function ready(prints: readonly FilePrint[]): CatalogEntry {
  const manifest = { ...sampleManifest(), files: [{ path, sha256: 'abc' }] };
  const served = {
    generation: 3,
    load: {} as ModuleLoad,
    manifest,
    conditions: 'c',
    envSha256: null,
    loadedAtSeconds: 1_700_000_000,
    pinned: null,
  };
  return { module, status: 'ready', served, findings: [], prints };
}

const now = { diagnostics: [], activeRuns: 0, waitingRuns: 0, isGated: false };

const print = { path, size: 3, mtimeMs: 1_600_000_000_000, changedMs: 0, sha256: 'abc' };

test('shows which bytes serve, and from when they are', () => {
  expect(
    agentStatus(ready([print]), { ...now, activeRuns: 2, waitingRuns: 1, isGated: true }),
  ).toMatchObject({
    id: 'default/a',
    module_path: 'src/agents/A/agent.ts',
    status: 'ready',
    generation: 3,
    loaded_at: '2023-11-14T22:13:20.000Z',
    language: 'node',
    active_runs: 2,
    waiting_runs: 1,
    tests_gate: true,
    files: [{ path, sha256: 'abc', modified_at: '2020-09-13T12:26:40.000Z' }],
  });
});

test.each([
  ['the file is another by now', [{ ...print, sha256: 'def' }]],
  ['it changed while it was loaded', [{ ...print, mtimeMs: 0 }]],
  ['nothing is known of it', []],
])('tells no time where %s', (_when, prints) => {
  expect(agentStatus(ready(prints), now).files).toEqual([
    { path, sha256: 'abc', modified_at: null },
  ]);
});

test('shows a module of which nothing ever loaded by its name', () => {
  const failed: CatalogEntry = { module, status: 'failed', served: null, findings: [], prints: [] };
  expect(agentStatus(failed, now)).toMatchObject({
    display_name: 'A',
    status: 'failed',
    generation: null,
    loaded_at: null,
    load_ms: null,
    parts: [],
    files: [],
    tools: [],
    model: null,
  });
});

test('tells who executes each tool, and which servers give others', () => {
  const entry = ready([]);
  const tool = { type: 'function', description: null, needsApproval: false };
  const agents = sampleManifest().agents.map((agent) => ({
    ...agent,
    mcpServers: ['files'],
    tools: [
      { ...tool, name: 'own', needsApproval: true },
      { ...tool, name: 'fetch_doc', type: 'gateway', description: 'Reads a document.' },
      { ...tool, name: 'web_search', type: 'hosted_tool' },
    ],
  }));
  const served = entry.served && {
    ...entry.served,
    manifest: { ...entry.served.manifest, agents },
  };
  expect(agentStatus({ ...entry, served }, now)).toMatchObject({
    language: 'node',
    tools: ['own', 'fetch_doc', 'web_search'],
    tool_details: [
      { name: 'own', provenance: 'native', description: null, needs_approval: true },
      {
        name: 'fetch_doc',
        provenance: 'gateway',
        description: 'Reads a document.',
        needs_approval: false,
      },
      { name: 'web_search', provenance: 'hosted', description: null, needs_approval: false },
    ],
    mcp_servers: ['files'],
  });
});
