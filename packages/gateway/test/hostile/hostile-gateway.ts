import { loadConfig } from '../../src/config/load-config.ts';
import { createGateway } from '../../src/gateway.ts';
import { createRawClient } from '../acceptance/raw-http.ts';
import { until } from '../acceptance/until.ts';
import { warmTemporaryProject } from '../support/temporary-project.ts';
import { seesFaults } from './see-faults.ts';

/** What is said of one operation in the description of the gateway's own routes. */
export type Operation = {
  readonly method: string;
  /** With `{id}` for what varies. */
  readonly path: string;
  /** JSON schema of its body; null where it takes none. */
  readonly body: object | null;
};

/** A gateway in this process that gets what nobody should send. */
export type HostileGateway = {
  readonly url: string;
  readonly key: string;
  readonly operations: readonly Operation[];
  /** All that it says of its routes. */
  readonly description: object;
  /** Sends bytes as they are. */
  readonly send: (bytes: string | Buffer) => ReturnType<ReturnType<typeof createRawClient>['send']>;
  /** Asks an agent, and gives what came. */
  readonly ask: (model: string, content: string) => Promise<{ status: number; text: string }>;
  /** Resolves when an agent answers: after each crash of its process there is a pause. */
  readonly untilServed: (model: string) => Promise<unknown>;
  /** Errors that it stayed alive over since the last time, and promises that nobody held. */
  readonly faults: () => Promise<number>;
  readonly stop: () => Promise<void>;
};

/** Does on fd 3 what it is told, in place of its worker: base64 of bytes, `%RUN%` in them for the id of its run. */
const hostileAgent = `import { writeSync } from 'node:fs';
export const agent = {
  async run({ messages, context }) {
    const [how, told] = messages.at(-1).content.split(' ');
    const bytes = Buffer.from(Buffer.from(told, 'base64').toString('latin1').replaceAll('%RUN%', context.run_id), 'latin1');
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(3, bytes, at);
      } catch (error) {
        if (error.code !== 'EAGAIN') throw error;
        await new Promise(setImmediate);
      }
    }
    return how;
  },
};
`;

const echo = `export const agent = { run: async ({ messages }) => messages.at(-1).content };\n`;

/** Starts it with an agent that is hostile, one that is not, and no upstream but the demo model. */
export async function startHostileGateway(): Promise<HostileGateway> {
  const project = warmTemporaryProject();
  project.write('gateway.yaml', 'worker: { spares: 0 }\nruns: { record: contents }\n');
  project.write('src/agents/Echo/agent.ts', echo);
  project.write('src/agents/Hostile/agent.ts', hostileAgent);
  project.write('src/agents/Breaching/agent.ts', hostileAgent);
  const { PATH = '' } = process.env;
  const env = { PATH, GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: '0' };
  const config = loadConfig({ projectRoot: project.folder, command: 'start', env });
  const gateway = await createGateway({
    config,
    log: process.env.FUZZ_LOG === 'on' ? 'readable' : 'none',
  });
  const { url } = await gateway.start();
  const { secret: key } = await gateway.keys.create({ role: 'admin', createdBy: 'test' });
  await gateway.whenLoaded();
  const client = createRawClient(url);
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const unhandled = seesFaults();
  let told = 0;
  const ask: HostileGateway['ask'] = async (model, content) => {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content }] });
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
    return { status: response.status, text: await response.text() };
  };
  const description = await (await fetch(`${url}/openapi.json`, { headers })).json();
  return {
    url,
    key,
    operations: operationsOf(description),
    description: description as object,
    send: (bytes) => client.send(bytes),
    ask,
    untilServed: (model) =>
      until(`an answer of ${model}`, async () => (await ask(model, 'told ')).status === 200),
    async faults() {
      const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
      const survived = Number(/^dropgate_faults_survived_total (\d+)/m.exec(metrics)?.[1]);
      const all = survived + unhandled.count();
      const since = all - told;
      told = all;
      return since;
    },
    async stop() {
      client.close();
      unhandled.stop();
      await gateway.close('the test is over');
      project.dispose();
    },
  };
}

type Described = {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly requestBody?: {
              readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
            };
          }
        >
      >
    >
  >;
};

function operationsOf(description: unknown): Operation[] {
  return Object.entries((description as Described).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      body: requestBody?.content?.['application/json']?.schema ?? null,
    })),
  );
}
