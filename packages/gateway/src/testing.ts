import { createAgentsUnderTest, type TestAgent, type TestCase } from './cases/under-test.ts';
import { loadConfig } from './config/load-config.ts';
import { createGateway, type Gateway } from './gateway.ts';

export type { AskOptions, TestAgent, TestAnswer, TestCase } from './cases/under-test.ts';
export { CaseFailed } from './cases/under-test.ts';

/** A gateway that listens on a free port of 127.0.0.1, with an admin key. */
export type TestGateway = {
  readonly url: string;
  readonly key: string;
  readonly gateway: Gateway;
  /** An agent by its model id, or by a bare name that only one has. Throws where there is none that serves, and says why. */
  readonly agent: (id: string) => TestAgent;
  /** The cases beside all agents, as tests. */
  readonly cases: () => Promise<TestCase[]>;
  readonly close: () => Promise<void>;
};

/**
 * Starts a gateway for a test, in this process, on the agents of a project folder. Its state goes to `.dropgate` in
 * that folder. Without an upstream in `env` the demo model answers.
 *
 * @param options.env - What the gateway takes for its environment; nothing of the real one is read.
 */
export async function startTestGateway(options: {
  readonly projectRoot: string;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<TestGateway> {
  const { projectRoot } = options;
  const { PATH = '' } = { PATH: defaultPath, ...options.env };
  const config = loadConfig({
    projectRoot,
    command: 'start',
    env: { ...options.env, PATH, GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: '0' },
  });
  const gateway = await createGateway({ config, log: 'none' });
  try {
    const { url } = await gateway.start();
    const { secret } = await gateway.keys.create({ role: 'admin', createdBy: 'test' });
    await gateway.whenLoaded();
    const { agent, cases } = createAgentsUnderTest(gateway, projectRoot);
    return {
      url,
      key: secret,
      gateway,
      agent,
      cases,
      close: () => gateway.close('the test is over'),
    };
  } catch (error) {
    await gateway.close('the start failed');
    throw error;
  }
}

/** Where workers find programs, for tests that name no PATH of their own. */
const defaultPath = '/usr/local/bin:/usr/bin:/bin';
