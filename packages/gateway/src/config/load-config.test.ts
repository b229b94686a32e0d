import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Command } from './config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { loadConfig } from './load-config.ts';

let projectRoot = '';

beforeEach(() => {
  projectRoot = mkdtempSync(join(tmpdir(), 'dropgate-config-'));
});

afterEach(() => {
  rmSync(projectRoot, { recursive: true });
});

function load(
  yaml: string | null,
  env: Record<string, string | undefined> = {},
  command: Command = 'dev',
) {
  if (yaml !== null) writeFileSync(join(projectRoot, 'gateway.yaml'), yaml);
  return loadConfig({ projectRoot, env, command });
}

function problems(yaml: string | null, env: Record<string, string> = {}): readonly ConfigProblem[] {
  try {
    load(yaml, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig without any setting', () => {
  test('gives every setting its default', () => {
    const { environment: _, ...config } = load(null);
    expect(config).toEqual({
      projectRoot,
      configFile: null,
      isConfigBlank: false,
      agentRoots: [join(projectRoot, 'src/agents'), join(projectRoot, 'agents')],
      exportNames: ['agent', 'build_agent', 'buildAgent', 'default'],
      watch: true,
      namespace: 'default',
      testGates: [{ agents: '*', isGate: false }],
      clientTools: [],
      sessions: [],
      taskPrompts: [],
      toolEvents: 'reasoning',
      tools: {
        fetch_doc: {
          kind: 'fetch_doc',
          trace_headers: false,
          docs_root: 'docs',
          allow_hosts: [],
          deny_hosts: [],
          allow_addresses: [],
          timeout_ms: 30_000,
          max_result_bytes: 65_536,
          max_concurrent_calls: 16,
        },
      },
      defaultModel: null,
      defaultUpstream: null,
      upstreams: {},
      openAi: { apiKey: null, baseUrl: null, api: null },
      // Its own defaults are in security.test.ts.
      givenVariables: [],
      runs: { record: 'contents', keepDays: 14, keepMb: 512 },
      usage: { keepDays: 400 },
      security: expect.objectContaining({ rules: [], namespaces: {} }),
      issuers: [],
      users: { headers: ['x-librechat-user-id'], openWebUi: null },
      server: {
        host: '127.0.0.1',
        port: 8080,
        trustProxy: false,
        corsOrigins: [],
        bodyLimitMb: 32,
        shutdownDelayMs: 0,
      },
      console: { enabled: true, sessionIdleMinutes: 60, sessionMaxHours: 12 },
      worker: {
        loadTimeoutMs: 20_000,
        stallTimeoutMs: 15_000,
        idleTimeoutMs: 600_000,
        drainTimeoutMs: 30_000,
        cancelTimeoutMs: 30_000,
        runTimeoutMs: 600_000,
        maxWorkers: 32,
        memoryLimitMb: 512,
        processLimit: 256,
        sandbox: 'none',
        sandboxNetwork: 'broker',
        sandboxRead: [],
        sandboxWrite: [],
        env: [],
        spares: 1,
        maxConcurrentRuns: 64,
        maxQueuedRuns: 128,
        queueTimeoutMs: 30_000,
      },
      state: { keepDays: 30, keepMb: 1024, concurrentTurns: 'wait', idempotencyHours: 24 },
      approvals: { expireMinutes: 1440, keepMb: 256 },
      storeUrl: `sqlite:${join(projectRoot, '.dropgate/gateway.db')}`,
      bootstrapKeyFile: null,
      python: null,
      log: {
        level: 'info',
        format: null,
        contents: false,
        redact: { fields: [], patterns: [] },
      },
      tracing: null,
      notices: [],
    });
  });

  test('takes an empty file and keys without values as nothing said', () => {
    expect(load('# nothing yet\nserver:\nworker:\n  env:\n').server.port).toBe(8080);
  });

  test('watches agents in dev only, unless GATEWAY_AGENT_WATCH decides', () => {
    expect(load(null, {}, 'start').watch).toBe(false);
    expect(load(null, { GATEWAY_AGENT_WATCH: '1' }, 'start').watch).toBe(true);
    expect(load(null, {}, 'start').console.enabled).toBe(false);
    expect(load('console: { enabled: true }', {}, 'start').console.enabled).toBe(true);
    expect(load(null, { GATEWAY_AGENT_WATCH: '0' }, 'dev').watch).toBe(false);
  });
});

describe('loadConfig with gateway.yaml', () => {
  test('reads sections and fills in what they leave out', () => {
    const config = load('server: { port: 9000 }\nworker:\n  memory_limit_mb: 256\n');
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 9000 });
    expect(config.worker).toMatchObject({ memoryLimitMb: 256, maxWorkers: 32 });
    expect(config.configFile).toBe(join(projectRoot, 'gateway.yaml'));
  });

  test('settles upstreams: key from its variable, API from the address, no slash at the end', () => {
    const yaml = `
upstreams:
  openai: { base_url: https://api.openai.com/v1/, api_key_env: TEAM_KEY }
  local: { base_url: "http://127.0.0.1:11434/v1", timeout_ms: 5000, model_aliases: { "gpt-*": llama3.2 } }
`;
    expect(load(yaml, { TEAM_KEY: 'secret-1' }).upstreams).toEqual({
      openai: {
        baseUrl: 'https://api.openai.com/v1',
        apiKey: 'secret-1',
        apiKeyEnv: 'TEAM_KEY',
        api: 'responses',
        timeoutMs: 300_000,
        modelAliases: {},
        fallback: null,
        maxRetries: 2,
        maxFailures: 5,
        prices: [],
      },
      local: {
        baseUrl: 'http://127.0.0.1:11434/v1',
        apiKey: null,
        apiKeyEnv: null,
        api: 'chat_completions',
        timeoutMs: 5000,
        modelAliases: { 'gpt-*': 'llama3.2' },
        fallback: null,
        maxRetries: 2,
        maxFailures: 5,
        prices: [],
      },
    });
  });

  test('tells of an upstream whose key is not set', () => {
    const yaml =
      'upstreams: { team: { base_url: "https://llm.example.com", api_key_env: TEAM_KEY } }';
    expect(load(yaml).notices).toEqual([
      'TEAM_KEY is not set, so upstream team is called without a key.',
    ]);
  });

  test('reads the file that GATEWAY_CONFIG names, and refuses one that is not there', () => {
    writeFileSync(join(projectRoot, 'other.yaml'), 'server: { port: 7000 }');
    expect(load(null, { GATEWAY_CONFIG: 'other.yaml' }).server.port).toBe(7000);
    expect(problems(null, { GATEWAY_CONFIG: 'gone.yaml' })).toEqual([
      {
        file: null,
        line: null,
        column: null,
        setting: 'GATEWAY_CONFIG',
        message: 'There is no file gone.yaml. Create it, or unset the variable.',
      },
    ]);
  });

  test('takes one folder of agents or several', () => {
    expect(load('agents_dir: bots').agentRoots).toEqual([join(projectRoot, 'bots')]);
    expect(load('agents_dir: [bots, /srv/agents]').agentRoots).toEqual([
      join(projectRoot, 'bots'),
      '/srv/agents',
    ]);
  });
});

describe('loadConfig with an environment', () => {
  test('lets a variable win over the file', () => {
    const env = {
      GATEWAY_HOST: '0.0.0.0',
      GATEWAY_PORT: '0',
      GATEWAY_AGENTS_DIR: ['one', 'two'].join(delimiter),
      GATEWAY_AGENT_EXPORTS: 'bot, agent',
      GATEWAY_DEFAULT_NAMESPACE: 'team',
      GATEWAY_STORE_URL: 'sqlite:keys.db',
      GATEWAY_LOG_LEVEL: 'debug',
      GATEWAY_BOOTSTRAP_KEY_FILE: 'first-key',
    };
    const yaml =
      'server: { host: 10.0.0.1, port: 9000 }\ndefaults: { namespace: file }\nlog: { level: warn, format: json, contents: true, redact: { fields: [email], patterns: [cust-*] } }\n';
    expect(load(yaml, env)).toMatchObject({
      server: { host: '0.0.0.0', port: 0 },
      agentRoots: [join(projectRoot, 'one'), join(projectRoot, 'two')],
      exportNames: ['bot', 'agent'],
      namespace: 'team',
      storeUrl: `sqlite:${join(projectRoot, 'keys.db')}`,
      log: {
        level: 'debug',
        format: 'json',
        contents: true,
        redact: { fields: ['email'], patterns: ['cust-*'] },
      },
      bootstrapKeyFile: join(projectRoot, 'first-key'),
    });
  });

  test('lets the file win for the default model and upstream, and keeps where they came from', () => {
    const env = {
      GATEWAY_DEFAULT_MODEL: 'gpt-env',
      GATEWAY_DEFAULT_UPSTREAM: 'demo',
      OPENAI_API_KEY: 'k',
    };
    expect(load('defaults: { model: gpt-file }', env)).toMatchObject({
      defaultModel: { name: 'gpt-file', source: 'config' },
      defaultUpstream: { name: 'demo', source: 'environment' },
    });
  });

  test('takes the upstream that OPENAI_API_KEY and its companions describe', () => {
    const env = {
      OPENAI_API_KEY: 'sk-1',
      OPENAI_BASE_URL: 'http://127.0.0.1:4010/v1',
      GATEWAY_UPSTREAM_API: 'responses',
    };
    expect(load(null, env).openAi).toEqual({
      apiKey: 'sk-1',
      baseUrl: 'http://127.0.0.1:4010/v1',
      api: 'responses',
    });
  });

  test('reads a .env with a byte order mark and line ends of Windows, and tells lines that set nothing', () => {
    writeFileSync(
      join(projectRoot, '.env'),
      '\uFEFFOPENAI_API_KEY=sk-test\r\nGATEWAY_PORT 9000\r\nOPENAI_BASE_URL=http://127.0.0.1:9/v1\r\n',
    );
    const { environment, notices } = load(null, {}, 'start');
    expect(environment).toEqual({
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    });
    expect(notices).toContain(
      'Line 2 of .env sets nothing: it is no NAME=value. Write it so, or begin it with #.',
    );
  });

  test.each(['.env', 'gateway.yaml'])(
    'refuses a %s in UTF-16 instead of half reading it',
    (name) => {
      writeFileSync(join(projectRoot, name), Buffer.from('\uFEFFA=1\r\n', 'utf16le'));
      expect(() => load(null, {}, 'start')).toThrow(
        `${name}: The file is UTF-16, not UTF-8. Save it as UTF-8.`,
      );
    },
  );

  test('reads .env in the project root, below the real environment', () => {
    writeFileSync(
      join(projectRoot, '.env'),
      'OPENAI_API_KEY="from file" # mine\nGATEWAY_PORT=9001\nGATEWAY_LOG_LEVEL=warn\n',
    );
    const config = load(null, { GATEWAY_PORT: '9002' });
    expect(config.openAi.apiKey).toBe('from file');
    expect(config.server.port).toBe(9002);
    expect(config.log.level).toBe('warn');
    expect(config.environment).toEqual({
      OPENAI_API_KEY: 'from file',
      GATEWAY_PORT: '9002',
      GATEWAY_LOG_LEVEL: 'warn',
    });
  });

  test('reads .dropgate/upstream.env over the .env in the project root', () => {
    mkdirSync(join(projectRoot, '.dropgate'));
    writeFileSync(join(projectRoot, '.dropgate/upstream.env'), 'OPENAI_API_KEY=kept\nnothing\n');
    writeFileSync(join(projectRoot, '.env'), 'OPENAI_API_KEY=found\nGATEWAY_PORT=9001\n');
    const { openAi, server, notices } = load(null, {});
    expect([openAi.apiKey, server.port]).toEqual(['kept', 9001]);
    expect(notices).toContain(
      'Line 2 of .dropgate/upstream.env sets nothing: it is no NAME=value. Write it so, or begin it with #.',
    );
  });

  test('takes an empty variable as not set', () => {
    expect(load('server: { port: 9000 }', { GATEWAY_PORT: '' }).server.port).toBe(9000);
  });

  test('tells of variables and files that look like settings but are not read', () => {
    writeFileSync(join(projectRoot, 'gateway.yml'), '');
    expect(load(null, { GATEWAY_PROT: '1', GATEWAY_INTERFACE: 'CGI/1.1' }).notices).toEqual([
      'GATEWAY_PROT is not read. Did you mean GATEWAY_PORT?',
      'gateway.yml is not read. Name it gateway.yaml.',
    ]);
  });
});

describe('loadConfig refuses', () => {
  test('a wrong value, with its place and what is allowed', () => {
    expect(problems('server:\n  host: 127.0.0.1\n  port: many\n')).toEqual([
      {
        file: 'gateway.yaml',
        line: 3,
        column: 9,
        setting: 'server.port',
        message: '"many" is not allowed. Allowed: a whole number from 0 to 65535.',
      },
    ]);
  });

  test('every wrong setting at once, and says so in one readable message', () => {
    const yaml = 'log: { level: loud }\nworker: { memory_limit_mb: 1 }\n';
    expect(() => load(yaml)).toThrow(
      [
        'gateway.yaml:1:15: log.level: "loud" is not allowed. Allowed: trace, debug, info, warn, error, fatal, silent.',
        'gateway.yaml:2:28: worker.memory_limit_mb: 1 is not allowed. Allowed: a whole number from 64 to 1048576.',
      ].join('\n'),
    );
  });

  test.each(['"a b"', '"***"', '"ab"'])('the pattern %s for what is hidden', (pattern) => {
    const message = `${pattern} is not allowed. Allowed: words in which \`*\` stands for anything and \`#\` for a digit, such as cust-*, *@*.example.com or ####-####-####-####.`;
    expect(problems(`log: { redact: { patterns: [${pattern}] } }`)).toMatchObject([
      { setting: 'log.redact.patterns.0', line: 1, message },
    ]);
  });

  test.each([
    ['serve: { port: 1 }', 'serve', 1, 'There is no such setting. Did you mean `server`?'],
    ['server:\n  prot: 80', 'server.prot', 2, 'There is no such setting. Did you mean `port`?'],
    [
      'worker: { load_timeout: 5 }',
      'worker.load_timeout',
      1,
      'There is no such setting. Did you mean `load_timeout_ms`?',
    ],
    [
      'log: { colour: 1 }',
      'log.colour',
      1,
      'There is no such setting. Allowed: level, format, contents, redact.',
    ],
    [
      'colour:',
      'colour',
      1,
      'There is no such setting. Allowed: defaults, agents_dir, agent_exports, agents, upstreams, tools, runs, state, approvals, usage, security, auth, server, console, worker, store_url, log.',
    ],
  ])('the unknown key in %j', (yaml, setting, line, message) => {
    expect(problems(yaml)).toMatchObject([{ file: 'gateway.yaml', line, setting, message }]);
  });

  test.each([
    ['worker: { env: [OK, "not ok"] }', 'worker.env.1', 21],
    ['upstreams: { Local: { base_url: "http://a" } }', 'upstreams.Local', 14],
    ['upstreams: { a: { api: responses } }', 'upstreams.a.base_url', 17],
    ['agents_dir: 5', 'agents_dir', 13],
    ['server: 5', 'server', 9],
  ])('the value in %j at its column', (yaml, setting, column) => {
    expect(problems(yaml)).toMatchObject([{ setting, line: 1, column }]);
  });

  test.each([
    ['server: { host: "x }', 'A quote, a bracket or a comma is missing here.'],
    [
      'server: {\n  port: 80',
      'This line is indented wrongly, or a bracket before it is not closed.',
    ],
    ['a: 1\na: 2', 'This key is there twice; remove one of them.'],
    ['- server', 'The file has to hold `setting: value` lines.'],
    [
      `a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]`,
      'The file repeats parts of itself (`*name`) too often.',
    ],
    ['just text', 'The file has to hold `setting: value` lines.'],
    ['server:\n\tport: 1', 'Lines are indented with spaces, not with tabs.'],
    ['log: {}\n---\nlog: {}', 'The file may hold one document only; remove what follows `---`.'],
  ])('%j, which is no settings file', (yaml, message) => {
    expect(problems(yaml).map((problem) => problem.message)).toContain(message);
  });

  test.each([
    ['GATEWAY_PORT', 'abc', '"abc" is not allowed. Allowed: a whole number from 0 to 65535.'],
    ['GATEWAY_PORT', '70000', '70000 is not allowed. Allowed: a whole number from 0 to 65535.'],
    ['GATEWAY_AGENT_WATCH', 'maybe', '"maybe" is not allowed. Allowed: 1 or 0.'],
    [
      'GATEWAY_UPSTREAM_API',
      'soap',
      '"soap" is not allowed. Allowed: responses, chat_completions.',
    ],
    [
      'GATEWAY_LOG_LEVEL',
      'loud',
      '"loud" is not allowed. Allowed: trace, debug, info, warn, error, fatal, silent.',
    ],
    [
      'GATEWAY_AGENT_EXPORTS',
      'a b',
      '"a b" is not allowed. Allowed: a list of names of exports, such as [agent, buildAgent].',
    ],
    [
      'GATEWAY_DEFAULT_UPSTREAM',
      'openai',
      'There is no upstream "openai". Allowed: demo. Set OPENAI_API_KEY to have it.',
    ],
  ])('%s=%s, naming the variable', (name, value, message) => {
    expect(problems(null, { [name]: value })).toEqual([
      { file: null, line: null, column: null, setting: name, message },
    ]);
  });

  test.each([
    ['default upstream', 'defaults: { upstream: gone }', 'defaults.upstream'],
    ['fallback', 'upstreams: { a: { base_url: "http://a", fallback: a } }', 'upstreams.a.fallback'],
    [
      'fallback of another API',
      'upstreams: { a: { base_url: "http://a", fallback: b }, b: { base_url: "http://b", api: responses } }',
      'upstreams.a.fallback',
    ],
  ])('a %s that cannot be used', (_what, yaml, setting) => {
    expect(problems(yaml)).toMatchObject([{ file: 'gateway.yaml', line: 1, setting }]);
  });

  test('to give agents the way to models, or what is the gateway’s own', () => {
    const yaml = `upstreams: { a: { base_url: "http://a", api_key_env: A_KEY } }
agents:
  "labs/*":
    env:
      OPENAI_API_KEY: { file: key }
      MINE: { env: A_KEY }
`;
    expect(problems(yaml)).toEqual([
      {
        file: 'gateway.yaml',
        line: 5,
        column: 7,
        setting: 'agents.labs/*.env.OPENAI_API_KEY',
        message:
          'Agents reach models through the gateway, which sets OPENAI_API_KEY itself. Remove it.',
      },
      {
        file: 'gateway.yaml',
        line: 6,
        column: 20,
        setting: 'agents.labs/*.env.MINE.env',
        message: 'A_KEY is the gateway’s own; no agent is given it. Name another variable.',
      },
    ]);
  });

  test.each([
    [
      'a key in place of its variable',
      'upstreams: { a: { base_url: "http://a", api_key_env: sk-S3CRET } }',
      {},
    ],
    ['a password in an address', 'upstreams: { a: { base_url: "http://me:S3CRET@a" } }', {}],
    ['a password in the store', 'store_url: mysql://me:S3CRET@db', {}],
    ['a key in broken YAML', 'upstreams: { a: { api_key: S3CRET, "x', {}],
    [
      'a key of a setting that does not exist',
      'upstreams: { a: { base_url: "http://a", api_key: S3CRET } }',
      {},
    ],
    [
      'a password in a variable',
      null,
      { OPENAI_BASE_URL: 'me:S3CRET@host', GATEWAY_STORE_URL: 'S3CRET' },
    ],
    ['a secret in place of its variable', 'agents: { "labs/*": { env: { PASS: S3CRET } } }', {}],
    ['a secret as a variable', 'agents: { a: { env: { PASS: { env: "S3CRET!" } } } }', {}],
  ])('%s without repeating it', (_what, yaml, env) => {
    const found = problems(yaml, env);
    expect(found.length).toBeGreaterThan(0);
    expect(JSON.stringify(found)).not.toContain('S3CRET');
  });
});
