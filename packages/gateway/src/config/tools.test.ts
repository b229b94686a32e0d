import { describe, expect, test } from 'vitest';
import { blocks, guide } from '../../test/acceptance/guide.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { loadConfig } from './load-config.ts';

async function tools(yaml: string) {
  const projectRoot = await tempFolder({ 'gateway.yaml': yaml });
  return loadConfig({ projectRoot, env: {}, command: 'start' }).tools;
}

describe('the tools section', () => {
  test('has fetch_doc without any setting, with the defaults that the guide names', async () => {
    expect(await tools('')).toEqual({
      fetch_doc: {
        kind: 'fetch_doc',
        timeout_ms: 30_000,
        max_result_bytes: 65_536,
        max_concurrent_calls: 16,
        trace_headers: false,
        docs_root: 'docs',
        allow_hosts: [],
        deny_hosts: [],
        allow_addresses: [],
      },
    });
  });

  test('takes what the guide shows', async () => {
    const shown = blocks(guide('Tools.md'), 'yaml');
    const names = await Promise.all(shown.map(async (yaml) => Object.keys(await tools(yaml))));
    expect(names).toEqual([
      ['fetch_doc'],
      ['fetch_doc', 'weather'],
      ['fetch_doc', 'files'],
      ['fetch_doc', 'shop'],
      ['fetch_doc'],
      ['fetch_doc'],
    ]);
  });

  test('says which kinds there are, and which settings a tool has', async () => {
    await expect(tools('tools: { a: { kind: nonsense } }')).rejects.toThrow(
      'tools.a.kind: "nonsense" is not allowed. Allowed: fetch_doc, http, mcp, module, openapi.',
    );
    await expect(tools('tools:\n  a: { kind: fetch_doc, docs_rot: x }')).rejects.toThrow(
      'Did you mean `docs_root`?',
    );
    await expect(tools('tools: { a: { kind: mcp } }')).rejects.toThrow(
      'Give either a command or a url.',
    );
  });
});
