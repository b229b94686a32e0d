import type { Gateway } from '../../gateway.ts';
import { type CommandContext, CommandError } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { bootstrapKey } from './bootstrap-key.ts';
import { isLoopback, serve, servingConfig } from './serve.ts';

/**
 * `dropgate start`: serves the project. Makes no key unless GATEWAY_BOOTSTRAP_KEY_FILE asks for one, and refuses
 * to listen beyond this machine while there is none.
 */
export async function start(
  context: CommandContext,
  options: { readonly port?: number },
): Promise<number> {
  const { terminal } = context;
  const config = await servingConfig(context, 'start', options.port);
  return serve(context, {
    command: 'start',
    log: 'json',
    config,
    port: options.port,
    async prepare(gateway) {
      if (config.bootstrapKeyFile !== null) {
        await bootstrapKey(gateway.keys, config.bootstrapKeyFile, (line) => terminal.note(line));
      }
      await requireKey(gateway, config.server.host, terminal);
    },
    onReady: async () => undefined,
  });
}

async function requireKey(gateway: Gateway, host: string, terminal: Terminal): Promise<void> {
  if (await gateway.keys.hasUsableKey()) return;
  const remedy =
    'Make one with `dropgate keys create --role admin`, or set GATEWAY_BOOTSTRAP_KEY_FILE.';
  if (!isLoopback(host)) {
    throw new CommandError(
      `There is no API key yet, so dropgate does not listen on ${host}. ${remedy}`,
    );
  }
  terminal.note(`There is no API key yet, so every call is refused. ${remedy}`);
}
