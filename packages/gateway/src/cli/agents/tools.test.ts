import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import { loadConfig } from '../../config/load-config.ts';
import { createGateway, type Gateway } from '../../gateway.ts';

let project: TemporaryProject;
let gateway: Gateway;
let url = '';
let key = '';

const settings = (more = '') => `
worker: { spares: 0 }
tools:
  notes: { kind: fetch_doc, docs_root: notes, cache: { ttl_seconds: 60 } }
  weather: { kind: http, url: "http://127.0.0.1:9/{city}", headers: { x-key: { env: WEATHER_KEY } }, parameters: { type: object, properties: { city: { type: string } } } }
${more}
security:
  namespaces: { default: { offer_tools: ["note*"] } }
  rules:
    - { id: no-secrets, effect: deny, action: call_tool, principals: ["*"], resources: [notes], when: 'args.source == "secret.md"' }
`;

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write('gateway.yaml', settings());
  project.write('notes/one.md', '# One\n\nThe first.');
  project.write('docs/guide.md', '# The guide');
  project.write(
    'src/agents/Reader/agent.ts',
    "import { Agent } from '@openai/agents';\nexport const __gateway__ = { tools: ['fetch_doc'] };\nexport const agent = new Agent({ name: 'Reader' });\n",
  );
  const env = { PATH: process.env.PATH, GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: '0' };
  const load = () => loadConfig({ projectRoot: project.folder, command: 'start', env });
  gateway = await createGateway({ config: load(), reload: async () => load(), log: 'none' });
  url = (await gateway.start()).url;
  key = (await gateway.keys.create({ role: 'admin', createdBy: 'test' })).secret;
  await gateway.whenAllLoaded();
});
afterAll(async () => {
  await gateway?.close('the test is over');
  project.dispose();
});

const run = (...args: string[]) => inProcessCli(project.folder)('tools', ...args);
const toolCalls = (source: string) => run('call', 'notes', JSON.stringify({ source }), '--json');

async function get(path: string): Promise<any> {
  const headers = { authorization: `Bearer ${key}` };
  return (await fetch(`${url}${path}`, { headers })).json();
}

describe('dropgate tools', () => {
  test('call prints what a model would be told, and counts as a call of no agent', async () => {
    const { code, out, err } = await run('call', 'notes', '{"source": "one.md"}');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'Title: One\nSource: one.md\n\n# One\n\nThe first.\n',
    });
    expect(err).toMatch(/^ok after \d+(\.\d+)? ms, 44 bytes, cache miss\n$/);
    expect(JSON.parse((await toolCalls('one.md')).out)).toMatchObject({
      tool: 'notes',
      outcome: 'ok',
      cache: 'hit',
      argument_bytes: 19,
      error: null,
    });
    const { metrics } = await get('/admin/metrics');
    const { samples } = metrics.find(({ name }: any) => name === 'dropgate_tool_calls_total');
    expect(samples).toContainEqual({
      name: 'dropgate_tool_calls_total',
      labels: { tool: 'notes', provenance: 'gateway', outcome: 'ok', agent: 'none' },
      value: 2,
    });
  });

  test('call is denied by rules like a call of an agent, and recorded for the key', async () => {
    const { code, out } = await toolCalls('secret.md');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'denied',
      violation: 'denied',
      result: 'The tool notes may not be called here.',
    });
    const decisions = await until('the decision', async () => {
      const answer = await get('/security/decisions?tool=notes&effect=deny');
      return answer.decisions.length > 0 && answer.decisions;
    });
    expect(decisions).toMatchObject([
      { rule_id: 'no-secrets', role: 'admin', agent_id: null, tool: 'notes' },
    ]);
  });

  test('call tells what went wrong', async () => {
    const failed = await run('call', 'notes', '{"source": "two.md"}');
    expect(failed.code).toBe(1);
    expect(failed.out).toContain(
      'The tool notes failed: There is no document "two.md". There are: one.md.',
    );
    const unready = await run('call', 'weather', '{"city": "Paris"}');
    expect(unready.code).toBe(1);
    expect(unready.err).toContain('WEATHER_KEY is not set in the environment.');
    const wrong = await run('call', 'notes', '{oops');
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toContain('The arguments are no JSON.');
    const unknown = await run('call', 'note');
    expect(unknown).toMatchObject({ code: 1, out: expect.stringContaining('Did you mean notes?') });
  });

  test('list tells kind, state and counts of each', async () => {
    const { code, out, err } = await run('list');
    expect(code).toBe(0);
    const rows = out.trimEnd().split('\n');
    expect(rows[0]).toMatch(/^TOOL +KIND +STATE +CALLS +ERRORS +P95 +FROM CACHE +DESCRIPTION$/);
    expect(rows[1]).toMatch(/^fetch_doc +fetch_doc +ready +0 +0 +- +- +Reads a document/);
    expect(rows[2]).toMatch(/^notes +fetch_doc +ready +4 +1 +[\d.]+ ms +33 % +Reads a document/);
    expect(rows[3]).toMatch(/^weather +http +not_ready +1 +1 /);
    expect(err).toBe('weather: WEATHER_KEY is not set in the environment.\n');
  });

  test('show has who uses one, its last error and its schema', async () => {
    const shown = JSON.parse((await run('show', 'notes', '--json')).out);
    expect(shown).toMatchObject({
      name: 'notes',
      provenance: 'gateway',
      used_by: [],
      offered_in: ['default'],
      calls: 4,
      errors: 1,
      denied: 1,
      cache_hit_rate: 0.333,
      last_error: { outcome: 'failed', agent_id: null },
      parameters: { type: 'object', required: ['source'] },
    });
    const { out } = await run('show', 'fetch_doc');
    expect(out).toMatch(/^used by +default\/reader$/m);
    expect(out).toContain('"maxLength": 2000');
    const missing = await run('show', 'fetch_dok');
    expect(missing.err).toContain('There is no gateway tool fetch_dok. Did you mean fetch_doc?');
  });

  test('refresh reads the settings again, and tells what is wrong with them', async () => {
    project.write('gateway.yaml', settings('  more: { kind: fetch_doc, docs_root: docs }'));
    expect(await run('refresh')).toMatchObject({ code: 0, out: '4 tools.\n' });
    project.write('gateway.yaml', settings('  more: { kind: ftp }'));
    const { code, out } = await run('refresh');
    expect(code).toBe(1);
    expect(out).toContain('gateway.yaml');
    expect(out).toContain('4 tools.\n');
  });
});
