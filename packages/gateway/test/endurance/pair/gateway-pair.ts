import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../acceptance/until.ts';
import { makeCertificate } from '../../deploy/certificate.ts';
import { type ReverseProxy, startProxy } from '../../deploy/proxy.ts';
import { shareCompileCache } from '../../support/compile-cache.ts';
import type { PostgresServer } from '../../support/postgres.ts';
import { writeFiles } from '../../support/temp-folder.ts';
import { createSend, type Send } from '../faults/ask-agent.ts';
import { isDocumented } from '../faults/documented-errors.ts';
import type { CallerBench } from '../faults/fault-bench.ts';
import { type FaultUpstream, startFaultUpstream } from '../faults/fault-upstream.ts';
import { createFaultedGateway, type FaultedGateway } from '../faults/faulted-gateway.ts';
import { agentFiles, agents, settings } from '../faults/project-files.ts';
import { createWitness } from '../faults/witness.ts';
import { createSendOverTls } from './send-over-tls.ts';

const servername = 'agents.example.com';

/** Two gateways on one Postgres behind nginx, as the guide on deployment sets them up. */
export type GatewayPair = {
  readonly bench: CallerBench & { readonly upstream: FaultUpstream };
  readonly gateways: readonly [FaultedGateway, FaultedGateway];
  readonly proxy: ReverseProxy;
  /** To whichever of them nginx chooses. */
  readonly send: Send;
  /** To each of them. */
  readonly direct: readonly [Send, Send];
  /** What the tool of the clerk did, a word each. */
  readonly effects: () => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
};

/** An agent whose tool needs a person, and leaves a trace each time that it runs. */
const clerk = (effects: string) => `import { appendFileSync } from 'node:fs';
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
export const __gateway__ = { upstream: 'new' };
const stamp = tool({
  name: 'stamp',
  description: 'Stamps a word.',
  parameters: z.object({ word: z.string() }),
  needsApproval: true,
  execute: async ({ word }) => {
    appendFileSync(${JSON.stringify(effects)}, \`\${word}\\n\`);
    return \`stamped \${word}\`;
  },
});
export const agent = new Agent({ name: 'Clerk', instructions: 'Clerk 1:', model: 'gpt-5', tools: [stamp] });
`;

/** Those in TypeScript: what is tried here is no matter of the language. */
const served = agents.filter(({ file }) => file === 'agent.ts');

/** Starts all of it; where a part fails, the parts before it are ended. */
export async function startPair(server: PostgresServer): Promise<GatewayPair> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await makePair(server, ends)), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function makePair(
  server: PostgresServer,
  ends: (() => Promise<unknown>)[],
): Promise<Omit<GatewayPair, 'stop'>> {
  const folder = await mkdtemp(join(tmpdir(), 'dropgate-pair-'));
  ends.push(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const upstream = await startFaultUpstream();
  ends.push(upstream.stop);
  const effects = join(folder, 'effects');
  const env = { OPENAI_API_KEY: 'sk-faults', GATEWAY_STORE_URL: await server.newDatabase() };
  const startOne = async (name: string) => {
    const root = join(folder, name);
    await mkdir(root);
    shareCompileCache(root);
    await writeFiles(root, {
      'gateway.yaml': `server: { trust_proxy: true, shutdown_delay_ms: 2000 }\n${settings(upstream.baseUrl)}`,
      'src/agents/Clerk/agent.ts': clerk(effects),
      ...agentFiles(1, served),
    });
    const launchedBy = ['sh', '-c', 'cd "$0" && exec "$@"', root];
    const gateway = await createFaultedGateway({ root, launchedBy }, env);
    ends.push(gateway.kill);
    await gateway.start();
    return gateway;
  };
  // One after the other: the first one makes the tables.
  const gateways = [await startOne('one'), await startOne('other')] as const;
  const ca = await makeCertificate(folder, servername);
  const ports = gateways.map(({ url }) => Number(new URL(url).port));
  const proxy = await startProxy('nginx', folder, ports);
  ends.push(proxy.stop);
  const send = createSendOverTls({ port: proxy.port, ca, servername });
  const versions = { newest: 1, oldest: 1 };
  const { key } = gateways[0];
  const witness = createWitness(isDocumented);
  const bench = { gateway: { key }, upstream, witness, agents: served, versions };
  await until('the proxy to pass on', async () => {
    return (await send('/v1/models', { key })).type === 'answer';
  });
  return {
    bench,
    gateways,
    proxy,
    send,
    direct: [createSend(gateways[0].url), createSend(gateways[1].url)],
    effects: async () => (await readFile(effects, 'utf8')).split('\n').filter(Boolean),
  };
}
