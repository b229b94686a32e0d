import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';
import { startTestGateway } from '../../testing.ts';

let project: TemporaryProject;

beforeEach(() => {
  project = temporaryProject();
  project.write(
    'gateway.yaml',
    [
      'worker: { spares: 0 }',
      'tools:',
      '  read-notes: { kind: fetch_doc, docs_root: notes }',
      '  shop: { kind: openapi, document: shop.json, base_url: "http://127.0.0.1:9" }',
      '',
    ].join('\n'),
  );
  const paths = { '/orders': { get: { operationId: 'listOrders' } } };
  project.write('shop.json', JSON.stringify({ openapi: '3.1.0', paths }));
});
afterEach(() => project.dispose());

const types = (...args: string[]) => inProcessCli(project.folder)('types', ...args);
const read = () => readFileSync(join(project.folder, 'gateway-tools.d.ts'), 'utf8');

test('writes the names that the settings have', async () => {
  const { code, out, err } = await types();
  expect({ code, out }).toEqual({
    code: 0,
    out: 'Wrote gateway-tools.d.ts: 2 tools of the settings.\n',
  });
  expect(err).toContain('are known while the gateway runs');
  expect(read()).toBe(
    [
      '// Written by `dropgate types`, which writes it anew: the names that gatewayTool() completes.',
      "import 'dropgate/agent';",
      '',
      "declare module 'dropgate/agent' {",
      '  interface GatewayToolNames {',
      '    fetch_doc: true;',
      "    'read-notes': true;",
      '  }',
      '}',
      '',
    ].join('\n'),
  );
});

test('writes those of servers and documents too while the gateway runs, over its own file', async () => {
  await types();
  const gateway = await startTestGateway({ projectRoot: project.folder });
  try {
    const written = await until('the document to be read', async () => {
      const answer = JSON.parse((await types('--json')).out);
      return answer.tools.length > 2 && answer;
    });
    expect(written).toEqual({
      file: 'gateway-tools.d.ts',
      tools: ['fetch_doc', 'read-notes', 'shop_listOrders'],
      source: 'running gateway',
    });
    expect(read()).toContain('    shop_listOrders: true;\n');
  } finally {
    await gateway.close();
  }
});

test('leaves a file of somebody else alone', async () => {
  project.write('gateway-tools.d.ts', '// mine\n');
  const { code, err } = await types();
  expect(code).toBe(1);
  expect(err).toContain('was not written by this command');
  expect(read()).toBe('// mine\n');
});
