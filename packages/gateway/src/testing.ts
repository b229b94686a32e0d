import { loadConfig } from './config/load-config.ts';
import { createGateway, type Gateway } from './gateway.ts';

/** A gateway that listens on a free port of 127.0.0.1, with an admin key. */
export type TestGateway = {
  readonly url: string;
  readonly key: string;
  readonly gateway: Gateway;
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
  const { PATH = '' } = { PATH: defaultPath, ...options.env };
  const config = loadConfig({
    projectRoot: options.projectRoot,
    command: 'start',
    env: { ...options.env, PATH, GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: '0' },
  });
  const gateway = await createGateway({ config, log: 'none' });
  try {
    const { url } = await gateway.start();
    const { secret } = await gateway.keys.create({ role: 'admin', createdBy: 'test' });
    await gateway.whenLoaded();
    return { url, key: secret, gateway, close: () => gateway.close('the test is over') };
  } catch (error) {
    await gateway.close('the start failed');
    throw error;
  }
}

/** Where workers find programs, for tests that name no PATH of their own. */
const defaultPath = '/usr/local/bin:/usr/bin:/bin';
