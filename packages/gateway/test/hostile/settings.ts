import { ok } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ConfigError } from '../../src/config/config-error.ts';
import { environmentVariables } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Target } from './hostile-tests.ts';
import { type Json, jsonText, mutated, mutatedBytes, oddText } from './odd-values.ts';

const folder = join(tmpdir(), `dropgate-settings-${process.pid}`);

const settings: Json = {
  server: { host: '127.0.0.1', port: 0 },
  defaults: { model: 'm', upstream: 'openai' },
  agents_dir: 'src/agents',
  agent_exports: ['agent'],
  agents: { 'default/echo': { env: { X: { env: 'Y' } }, sessions: true } },
  upstreams: {
    openai: {
      base_url: 'https://x/v1',
      api_key_env: 'X',
      api: 'responses',
      timeout_ms: 1000,
      model_aliases: { a: 'b' },
    },
    other: {
      base_url: 'http://127.0.0.1:1/v1',
      fallback: 'openai',
      prices: { m: { input: 1, output: 2 } },
    },
  },
  worker: { memory_limit_mb: 100, spares: 0, load_timeout_ms: 1000, sandbox: 'none' },
  runs: { record: 'steps' },
  security: {
    rules: [
      {
        id: 'a',
        effect: 'allow',
        action: 'call_tool',
        principals: ['*'],
        resources: ['add'],
        when: 'args.a == 1',
        reason: 'x',
      },
      {
        id: 'b',
        effect: 'deny',
        action: 'run_agent',
        principals: ['role:caller'],
        resources: ['labs/*'],
        expires_at: '2026-01-01T00:00:00Z',
      },
    ],
    namespaces: { labs: { run_agents: ['*'], modules: { allow: ['src/agents/*'] } } },
    calls_outside_runs: 'refuse',
  },
  tools: {
    add: {
      kind: 'http',
      description: 'x',
      url: 'https://x/{a}',
      parameters: { type: 'object', properties: { a: { type: 'string' } } },
    },
    docs: { kind: 'mcp', url: 'https://x/mcp' },
    api: { kind: 'openapi', document: './x.json' },
  },
  auth: { jwt: [{ name: 'x', issuer: 'https://x', audience: 'y', jwks_url: 'https://x/jwks' }] },
};

/** Valid YAML too. */
const asJson = mutated(fc.constant(settings)).map(jsonText);

const yaml = `server:
  port: 8080
agents: &a
  roots: [src/agents]
security:
  rules:
    - { id: a, effect: allow, action: run_agent, principals: ["*"], resources: ["*"] }
worker: { spares: 0 }
`;
const bombs = fc.constantFrom(
  `a: &a [x, x]\n${Array.from({ length: 20 }, (_, at) => `b${at}: &b${at} [*${at === 0 ? 'a' : `b${at - 1}`}, *${at === 0 ? 'a' : `b${at - 1}`}]\n`).join('')}`,
  'a: &a [*a]\n',
  `server: ${'['.repeat(3000)}${']'.repeat(3000)}\n`,
  `server: ${'['.repeat(50_000)}`,
  `server: ${'{a: '.repeat(20_000)}`,
  `${'- '.repeat(20_000)}x`,
  `${'? '.repeat(20_000)}x`,
  `server: ${'&a '.repeat(3000)}`,
  `server: ${'!!x '.repeat(3000)}1`,
  'server: !!js/function "x"\n',
  'server: !!binary "AAAA"\n',
  '? [a, b]\n: 1\n',
  '<<: *x\n',
  'server: {port: 0x1F, host: 0o7}\n',
  'server: {port: .nan, host: .inf}\n',
  'server: {port: 2001-12-14t21:59:43.10-05:00}\n',
  '%YAML 9.9\n---\nserver: {}\n',
  '---\n---\n',
  '__proto__: { polluted: true }\nconstructor: { prototype: { polluted: true } }\n',
  'worker:\n\tspares: 0\n',
  'worker: { spares: 0, spares: 1 }\n',
  'server: "\\ud800\\0"\n',
  `server: "${'x'.repeat(1_000_000)}"\n`,
  `${'# x\n'.repeat(100_000)}server: {}\n`,
);
const parts = fc.array(
  fc.constantFrom(
    'server:',
    'worker:',
    ' ',
    '  ',
    '\n',
    '\t',
    '- ',
    '? ',
    ': ',
    '&a ',
    '*a ',
    '!!str ',
    '|',
    '>',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    '#',
    '%',
    '@',
    '`',
    '---',
    '...',
    '1',
    'null',
    '~',
    '\r',
    '\u2028',
    '\u0085',
    '\ufeff',
  ),
  { maxLength: 30 },
);

const file = fc.oneof(
  { weight: 4, arbitrary: asJson.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: mutatedBytes(fc.constant(yaml)) },
  { weight: 2, arbitrary: mutatedBytes(parts.map((all) => all.join(''))) },
  { weight: 2, arbitrary: bombs.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
);

const variable = fc.constantFrom(
  ...environmentVariables.map(({ name }) => name),
  'OPENAI_API_KEY',
  'PATH',
  '__proto__',
  'constructor',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
);
const value = fc.oneof(
  oddText,
  fc.constantFrom(
    '0',
    '1',
    'true',
    '99999',
    '-1',
    '1e9',
    'http://x',
    'postgres://x',
    'a,b',
    ':',
    'constructor',
    '/dev/null',
    '.',
  ),
);
// What a process can be given; `.env` may hold more.
const environment = fc.dictionary(variable, value, { maxKeys: 3 });

function loads(
  files: Readonly<Record<string, string | Buffer>>,
  env: Readonly<Record<string, string>>,
): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '.env'), files['.env'] ?? '');
  writeFileSync(join(folder, 'gateway.yaml'), files['gateway.yaml'] ?? '');
  const { user } = process.cpuUsage();
  try {
    loadConfig({ projectRoot: folder, command: 'start', env });
  } catch (error) {
    ok(error instanceof ConfigError, (error as Error).stack);
    ok(error.message.length > 0);
    for (const { message } of error.problems)
      ok(/[.!?]$/.test(message) && message.length < 5000, message.slice(0, 300));
  }
  ok(process.cpuUsage().user - user < 8_000_000, 'took too long');
}

export const settingTargets: readonly Target[] = [
  {
    title: 'any gateway.yaml is read, or refused with its problems',
    runs: [20, 3000],
    property: fc.property(file, (bytes) => loads({ 'gateway.yaml': bytes }, {})),
  },
  {
    title: 'any environment and .env is read, or refused with its problems',
    runs: [20, 3000],
    property: fc.property(environment, environment, (env, own) => {
      const lines = Object.entries(own).map(([name, text]) => `${name}=${text}\n`);
      // Those that name files of the machine are the operator's own.
      const { GATEWAY_CONFIG: _, ...rest } = env;
      loads({ '.env': lines.join('').replaceAll('GATEWAY_CONFIG', 'GATEWAY_X') }, rest);
    }),
  },
];
