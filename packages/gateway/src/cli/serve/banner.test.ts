import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { banner, type DevStatus } from './banner.ts';

const agent: DevStatus['agents'][number] = {
  id: 'default/sampleagent',
  status: 'ready',
  generation: 1,
  description: 'Tells the weather of any place.',
  tools: ['get_weather'],
};

const demo = {
  name: 'demo',
  api: 'responses',
  kind: 'demo',
  base_url: null,
  has_key: false,
  is_default: true,
} as const;

const broken: Diagnostic = {
  id: 'd1',
  agent_id: 'labs/broken',
  module_path: 'src/agents/labs/Broken/agent.ts',
  stage: 'load',
  code: 'syntax_error',
  severity: 'error',
  message: 'The module does not parse.',
  file: '/project/src/agents/labs/Broken/agent.ts',
  line: 12,
  column: 7,
  frame: null,
  hint: 'Add the missing comma.',
  serving_generation: null,
  first_seen: '2030-01-01T00:00:00.000Z',
  last_seen: '2030-01-01T00:00:00.000Z',
  count: 1,
  request_id: null,
};

const status: DevStatus = {
  url: 'http://127.0.0.1:8080',
  key: `dg_${'k'.repeat(43)}`,
  consoleLink: 'http://127.0.0.1:8080/console/#code=once',
  agents: [agent, { ...agent, id: 'default/spark', description: null, tools: [] }],
  diagnostics: [],
  upstreams: [demo],
  projectRoot: '/project',
  agentRoot: '/project/src/agents',
};

const plain = (_style: string, text: string) => text;
const linesOf = (changes: Partial<DevStatus>) => banner({ ...status, ...changes }, plain);
const textOf = (changes: Partial<DevStatus>) => linesOf(changes).join('\n');

describe('the banner of dropgate dev', () => {
  test('tells all that a first call needs', () => {
    expect(linesOf({})).toEqual([
      '',
      '  Dropgate in /project',
      '',
      '  Agents',
      '    default/sampleagent  Tells the weather of any place.',
      '    default/spark',
      '',
      '  Upstream',
      '    demo: a rule-based stand-in, no language model. For real answers put',
      '      OPENAI_API_KEY=sk-…  into the file .dropgate/upstream.env here.',
      '    A local server works too, such as Ollama:',
      '      OPENAI_BASE_URL=http://127.0.0.1:11434/v1',
      '      GATEWAY_DEFAULT_MODEL=llama3.2',
      '',
      '  Serves at http://127.0.0.1:8080/v1',
      '  Routes at http://127.0.0.1:8080/docs',
      '  Console at http://127.0.0.1:8080/console/#code=once',
      '',
      '  API key',
      `    dg_${'k'.repeat(43)}`,
      '',
      '  Try it',
      '  curl http://127.0.0.1:8080/v1/chat/completions \\',
      `    -H "Authorization: Bearer dg_${'k'.repeat(43)}" \\`,
      '    -H "Content-Type: application/json" \\',
      `    -d '{"model": "default/sampleagent", "messages": [`,
      `          {"role": "user", "content": "What is the weather in Paris?"}]}'`,
      '',
    ]);
  });

  test('fits 80 columns, whatever agents and problems say', () => {
    const long = 'A long story about what this agent does and why '.repeat(5);
    const lines = linesOf({
      agents: [{ ...agent, description: long }],
      diagnostics: [{ ...broken, message: long, hint: long }],
      upstreams: [{ ...demo, kind: 'remote', base_url: 'https://llm.example.com/v1' }],
    });
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test('names what failed by file and line, with the way out, errors first', () => {
    const warning = { ...broken, severity: 'warning', line: 1, column: 1, hint: null } as const;
    const lines = linesOf({ diagnostics: [warning, broken] });
    const from = lines.indexOf('  Problems');
    expect(lines.slice(from, from + 7)).toEqual([
      '  Problems',
      '    error: src/agents/labs/Broken/agent.ts:12:7',
      '      The module does not parse.',
      '      → Add the missing comma.',
      '    warning: src/agents/labs/Broken/agent.ts:1:1',
      '      The module does not parse.',
      '',
    ]);
  });

  test('leaves out what a run met, be it of an earlier start', () => {
    const ofRun = { ...broken, stage: 'tool' as const, request_id: 'req_1' };
    expect(textOf({ diagnostics: [ofRun] })).not.toContain('Problems');
  });

  test('names the file where the fault is, which may be another one than the module', () => {
    const elsewhere = { ...broken, file: '/project/lib/shared.ts' };
    expect(textOf({ diagnostics: [elsewhere] })).toContain('error: /project/lib/shared.ts:12:7');
    const nowhere = { ...broken, file: null, line: null, column: null, module_path: null };
    expect(textOf({ diagnostics: [nowhere] })).toContain('error: labs/broken\n');
  });

  test('says which generation goes on serving in spite of a problem', () => {
    const text = textOf({ diagnostics: [{ ...broken, serving_generation: 3 }] });
    expect(text).toContain('Generation 3 of labs/broken goes on serving.');
  });

  test('calls an agent that answers, not one that failed or still loads', () => {
    const failed = { ...agent, id: 'default/a', status: 'failed', generation: null } as const;
    const loading = { ...agent, id: 'default/b', status: 'loading', generation: null } as const;
    const text = textOf({ agents: [failed, loading, { ...agent, tools: [] }] });
    expect(text).toContain('"model": "default/sampleagent"');
    expect(text).toContain('What can you do for me?');
    expect(text).toContain('Still loading\n    default/b');
    expect(text).not.toContain('default/a');
  });

  test('tells where to put the first agent, and offers a call that needs none', () => {
    const text = textOf({ agents: [] });
    expect(text).toContain('None yet. Put one into src/agents/<Name>/agent.ts');
    expect(linesOf({ agents: [] }).slice(-4)).toEqual([
      '  Try it',
      '  curl http://127.0.0.1:8080/v1/models \\',
      `    -H "Authorization: Bearer dg_${'k'.repeat(43)}"`,
      '',
    ]);
  });

  test('says of agents that load or failed something else than that there is none', () => {
    const loading = { ...agent, status: 'loading', generation: null } as const;
    const text = textOf({ agents: [loading] });
    expect(text).toContain('Still loading\n    default/sampleagent');
    expect(text).not.toContain('None yet');
    expect(text).toContain('curl http://127.0.0.1:8080/v1/models');
    const failed = { ...loading, status: 'failed' } as const;
    expect(textOf({ agents: [failed], diagnostics: [broken] })).not.toContain('None yet');
  });

  test('tells a real upstream, and when it has no key', () => {
    const remote = {
      ...demo,
      name: 'openai',
      kind: 'remote',
      base_url: 'https://api.openai.com/v1',
    } as const;
    expect(textOf({ upstreams: [remote] })).toContain(
      'openai (responses) at https://api.openai.com/v1, without a key',
    );
    const text = textOf({
      upstreams: [
        { ...demo, is_default: false },
        { ...remote, has_key: true },
      ],
    });
    expect(text).toContain('openai (responses) at https://api.openai.com/v1\n');
    expect(text).not.toContain('demo');
  });

  test('counts what it does not list', () => {
    const agents = Array.from({ length: 23 }, (_, index) => ({
      ...agent,
      id: `default/a${index}`,
    }));
    const diagnostics = Array.from({ length: 21 }, () => broken);
    const text = textOf({ agents, diagnostics });
    expect(text).toContain('and 3 more: GET http://127.0.0.1:8080/v1/models');
    expect(text).toContain('and 1 more: dropgate check');
  });
});
