import { isIPv4 } from 'node:net';
import type { Config } from '../../config/config.ts';
import type { Gateway } from '../../gateway.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';

/** Progress is told of what takes longer than this. */
const PROGRESS_AFTER_MS = 1000;

/** What `dev` and `start` do differently. */
export type Serving = {
  readonly command: 'dev' | 'start';
  readonly log: 'readable' | 'json';
  readonly config: Config;
  /** Before anything listens. What it throws ends the command. */
  prepare(gateway: Gateway): Promise<void>;
  /** Once it listens and every agent is loaded or failed. */
  onReady(gateway: Gateway, url: string): void;
};

/** The settings of a command that serves, its own port in place; what looks wrong in them is told. */
export async function servingConfig(
  context: CommandContext,
  command: 'dev' | 'start',
  port: number | undefined,
): Promise<Config> {
  const config = await context.loadConfig(command);
  for (const notice of config.notices) context.terminal.note(`warning: ${notice}`);
  return port === undefined ? config : { ...config, server: { ...config.server, port } };
}

/** Runs a gateway until it is asked to stop, and closes it whatever happens. */
export async function serve(context: CommandContext, serving: Serving): Promise<number> {
  const { log, config } = serving;
  const stopped = context.untilStopped();
  const gateway = await context.createGateway({
    config,
    log,
    reload: () => context.loadConfig(serving.command),
  });
  try {
    await serving.prepare(gateway);
    const { url } = await started(gateway, config);
    const progress = setTimeout(() => context.terminal.note('Loading agents …'), PROGRESS_AFTER_MS);
    const isLoaded = await Promise.race([
      gateway.whenLoaded().then(() => true),
      stopped.then(() => false),
    ]).finally(() => clearTimeout(progress));
    if (isLoaded) serving.onReady(gateway, url);
    await stopped;
  } catch (error) {
    await gateway.close('start failed');
    throw error;
  }
  await gateway.close(await stopped);
  return exitCodes.done;
}

async function started(
  gateway: Gateway,
  { server: { host, port } }: Config,
): Promise<{ readonly url: string }> {
  try {
    return await gateway.start();
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case 'EADDRINUSE':
        throw new CommandError(
          `Port ${port} of ${host} is in use already. Stop what listens there, or take another port: --port 8081, or --port 0 for any free one.`,
        );
      case 'EACCES':
        throw new CommandError(
          `Port ${port} needs more rights than this user has. Take one above 1023: --port 8080.`,
        );
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        throw new CommandError(
          `This machine has no address ${host} to listen on. Correct server.host or GATEWAY_HOST.`,
        );
      default:
        throw error;
    }
  }
}

/** Whether an address reaches this machine only. Names other than `localhost` count as reaching further. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}
