import { isIPv4 } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import type { Config } from '../../config/config.ts';
import type { Gateway } from '../../gateway.ts';
import type { RunningGateway } from '../../storage/running-gateway.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { findOtherGateway } from './other-gateway.ts';
import { portAdvice } from './port-advice.ts';

/** Progress is told of what takes longer than this. */
const PROGRESS_AFTER_MS = 1000;

/** What `dev` and `start` do differently. */
export type Serving = {
  readonly command: 'dev' | 'start';
  readonly log: 'readable' | 'json';
  readonly config: Config;
  /** Before anything listens. What it throws ends the command. */
  prepare(gateway: Gateway): Promise<void>;
  /** Of the command line. */
  readonly port: number | undefined;
  /** Once it listens and every agent is loaded or failed, and once more where some took too long to be waited for. */
  onReady(gateway: Gateway, url: string): Promise<void>;
};

/** The settings of a command that serves, its own port in place; what looks wrong in them is told. */
export async function servingConfig(
  context: CommandContext,
  command: 'dev' | 'start',
  port: number | undefined,
): Promise<Config> {
  const config = await context.loadConfig(command);
  for (const notice of config.notices) context.terminal.note(`warning: ${notice}`);
  return withPort(config, port);
}

function withPort(config: Config, port: number | undefined): Config {
  return port === undefined ? config : { ...config, server: { ...config.server, port } };
}

/** Runs a gateway until it is asked to stop, and closes it whatever happens. */
export async function serve(context: CommandContext, serving: Serving): Promise<number> {
  const { log, config, command, port } = serving;
  // As in its workers (`pool/process/runtimes.ts`): helpers would take more CPU than they spare this thread.
  setFlagsFromString('--no-parallel-scavenge');
  const stopped = context.untilStopped();
  const other = await findOtherGateway(context.projectRoot);
  const gateway = await context.createGateway({
    config,
    log,
    asTyped: context.terminal.asTyped,
    reload: async () => withPort(await context.loadConfig(command), port),
  });
  try {
    await serving.prepare(gateway);
    const { url } = await started(gateway, serving, other);
    if (other) context.terminal.note(tellOther(other));
    const progress = setTimeout(() => context.terminal.note('Loading agents …'), PROGRESS_AFTER_MS);
    const isLoaded = await Promise.race([
      gateway.whenLoaded().then(() => true),
      stopped.then(() => false),
    ]).finally(() => clearTimeout(progress));
    if (isLoaded) await serving.onReady(gateway, url);
    if (gateway.agents().some(({ status }) => status === 'loading')) {
      const areAllLoaded = await Promise.race([
        gateway.whenAllLoaded().then(() => true),
        stopped.then(() => false),
      ]);
      if (areAllLoaded) await serving.onReady(gateway, url);
    }
    await stopped;
  } catch (error) {
    await gateway.close('start failed');
    throw error;
  }
  await gateway.close(await stopped);
  return exitCodes.done;
}

function tellOther({ pid, address }: RunningGateway): string {
  return `warning: Another gateway (process ${pid}) serves this project at ${address}. Commands such as \`dropgate agents list\` ask this one until it ends, and then the other again.`;
}

async function started(
  gateway: Gateway,
  { config, port: option }: Serving,
  other: RunningGateway | null,
): Promise<{ readonly url: string }> {
  const { host, port } = config.server;
  try {
    return await gateway.start();
  } catch (error) {
    const advice = portAdvice(config, option);
    switch ((error as NodeJS.ErrnoException).code) {
      case 'EADDRINUSE':
        throw new CommandError(
          other && Number(new URL(other.address).port) === port
            ? `This project is served at ${other.address} already, by process ${other.pid}. Use that gateway or stop it, or ${advice}`
            : `Port ${port} of ${host} is in use already. Stop what listens there, or ${advice}`,
        );
      case 'EACCES':
        throw new CommandError(
          `Port ${port} needs more rights than this user has. Give them, or ${advice}`,
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
