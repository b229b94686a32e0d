import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGateway, type TestGateway } from '../acceptance/harness.ts';
import { until } from '../acceptance/until.ts';
import { pythonWithSdk } from '../support/python-with-sdk.ts';
import { type CountingUpstream, startCountingUpstream } from './counting-upstream.ts';
import { createMemoryReader, type MemoryReader } from './held-memory.ts';
import { type LineServer, startLineServer } from './line-server.ts';
import { type KeyName, keyNames, type StormAgent } from './planned-request.ts';

/** Far above what is used: that nothing is refused shows that everything was given back. */
const limits = { requests_per_minute: 1_000_000, tokens_per_day: 1_000_000_000_000 };

/** Of a key whose callers leave. Those whose runs are still being stopped count, too. */
const mostRuns = 36;

/** A gateway with what it asks and what asks it. */
export type StormGateway = {
  readonly gateway: TestGateway;
  readonly upstream: CountingUpstream;
  readonly lines: LineServer;
  readonly memory: MemoryReader;
  readonly keys: Readonly<Record<KeyName, StormKey>>;
  readonly stop: () => Promise<void>;
};

export type StormKey = { readonly id: string; readonly secret: string };

/** @param ownerOf - Name of the key of a request. */
export async function startStormGateway(
  agents: readonly StormAgent[],
  ownerOf: (id: number) => KeyName,
): Promise<StormGateway> {
  const upstream = await startCountingUpstream(ownerOf);
  const lines = await startLineServer();
  const memory = await createMemoryReader();
  const hasPython = agents.some(({ name }) => name.startsWith('Py'));
  const gateway = await startGateway({
    files: {
      'gateway.yaml': settings(upstream.baseUrl),
      ...Object.fromEntries(agents.flatMap(({ name }) => filesOf(name, lines.port))),
    },
    env: {
      OPENAI_API_KEY: 'sk-storm',
      NODE_OPTIONS: memory.nodeOptions,
      // Each request would be a line.
      GATEWAY_LOG_LEVEL: 'warn',
      ...(hasPython && { GATEWAY_PYTHON: pythonWithSdk() }),
    },
  });
  const made = await Promise.all(
    keyNames.map(async (name) => [name, await createKey(gateway, name)]),
  );
  return {
    gateway,
    upstream,
    lines,
    memory,
    keys: Object.fromEntries(made) as Record<KeyName, StormKey>,
    async stop() {
      await gateway.stop();
      lines.stop();
      upstream.stop();
      await memory.remove();
    },
  };
}

const fixtures = join(import.meta.dirname, '../fixtures/endurance');

function filesOf(name: string, linePort: number): [path: string, text: string][] {
  const [file = ''] = readdirSync(join(fixtures, name));
  return [
    [`src/agents/${name}/${file}`, readFileSync(join(fixtures, name, file), 'utf8')],
    [`src/agents/${name}/.env`, `LINE_PORT=${linePort}\n`],
  ];
}

/** As in production: steps are recorded, without contents. */
function settings(baseUrl: string): string {
  const upstream = (api: string) =>
    `{ base_url: ${baseUrl}, api_key_env: OPENAI_API_KEY, api: ${api} }`;
  return `worker: { spares: 0, env: [NODE_OPTIONS] }
runs: { record: steps }
defaults: { upstream: responses }
upstreams:
  responses: ${upstream('responses')}
  chat: ${upstream('chat_completions')}
`;
}

async function createKey(gateway: TestGateway, name: KeyName): Promise<StormKey> {
  const held = {
    counted: { limits },
    leaving: { limits: { ...limits, concurrent_runs: mostRuns } },
    free: {},
  }[name];
  const response = await gateway.fetch('/security/keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'caller', name, ...held }),
  });
  const { id, key: secret } = (await response.json()) as { id: string; key: string };
  const headers = { authorization: `Bearer ${secret}` };
  await until('the new key to hold', async () => {
    return (await fetch(`${gateway.url}/v1/models`, { headers })).ok;
  });
  return { id, secret };
}
